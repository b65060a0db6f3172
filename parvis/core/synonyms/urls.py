"""The address where equivalent words are written."""

from django.urls import path
from django.utils.translation import gettext_lazy as _

from parvis.core.synonyms import views

urlpatterns = [path(_("desk/synonyms/"), views.edit, name="desk_synonyms")]
