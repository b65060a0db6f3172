"""Addresses of pages, under the language prefix."""

from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from parvis.pages.views import desk, feeds, front, library, names, newsroom, public

urlpatterns: list[URLPattern | URLResolver] = [
    path(_("pages/<slug:slug>/"), public.page, name="page"),
    path(_("pages/<slug:slug>/history/"), public.page_history, name="page_history"),
    path(_("news/"), public.news_list, name="news_list"),
    path(_("news/news.atom"), feeds.NewsFeed(), name="news_feed"),
    path(_("news/<slug:slug>/"), public.news, name="news"),
    path(_("news/<slug:slug>/history/"), public.news_history, name="news_history"),
    path(_("desk/pages/"), desk.index, name="desk_pages"),
    path(_("desk/pages/new/"), desk.page_new, name="page_new"),
    path(_("desk/pages/<slug:slug>/"), desk.page_edit, name="page_edit"),
    path(_("desk/pages/<slug:slug>/preview/"), desk.page_preview, name="page_preview"),
    path(_("desk/pages/<slug:slug>/publish/"), desk.page_publish, name="page_publish"),
    path(_("desk/pages/<slug:slug>/unpublish/"), desk.page_unpublish, name="page_unpublish"),
    path(_("desk/pages/<slug:slug>/give-up/"), desk.page_drop, name="page_drop"),
    path(
        _("desk/pages/<slug:slug>/restore/<int:version>/"), desk.page_restore, name="page_restore"
    ),
    path(_("desk/news/"), newsroom.index, name="desk_news"),
    path(_("desk/news/new/"), newsroom.news_new, name="news_new"),
    path(_("desk/news/<slug:slug>/"), newsroom.news_edit, name="news_edit"),
    path(_("desk/news/<slug:slug>/preview/"), newsroom.news_preview, name="news_preview"),
    path(_("desk/news/<slug:slug>/publish/"), newsroom.news_publish, name="news_publish"),
    path(_("desk/news/<slug:slug>/unpublish/"), newsroom.news_unpublish, name="news_unpublish"),
    path(_("desk/pictures/"), library.index, name="library"),
    path(_("desk/pictures/new/"), library.image_new, name="image_new"),
    path(_("desk/pictures/<int:pk>/"), library.image_edit, name="image_edit"),
    path(_("desk/pictures/<int:pk>/remove/"), library.image_remove, name="image_remove"),
    path(_("desk/announcements/"), front.banner_list, name="banners"),
    path(_("desk/announcements/new/"), front.banner_new, name="banner_new"),
    path(_("desk/announcements/<int:pk>/"), front.banner_edit, name="banner_edit"),
    path(_("desk/announcements/<int:pk>/remove/"), front.banner_remove, name="banner_remove"),
    path(_("desk/home-page/"), front.block_list, name="blocks"),
    path(_("desk/home-page/new/<slug:kind>/"), front.block_new, name="block_new"),
    path(_("desk/home-page/<int:pk>/"), front.block_edit, name="block_edit"),
    path(_("desk/home-page/<int:pk>/<slug:way>/"), front.block_move, name="block_move"),
    path(_("desk/home-page/<int:pk>/block/remove/"), front.block_remove, name="block_remove"),
    path(_("desk/host-names/"), names.index, name="hosts"),
    path(_("desk/host-names/new/"), names.host_new, name="host_new"),
    path(_("desk/host-names/<int:pk>/"), names.host_edit, name="host_edit"),
    path(_("desk/host-names/<int:pk>/remove/"), names.host_remove, name="host_remove"),
]
