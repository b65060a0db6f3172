"""The kernel's tables: nodes, links, events, people, roles, files, jobs, revisions."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from parvis.core import limits
from parvis.core.i18n import TextField
from parvis.core.ids import new_id


class State(models.TextChoices):
    """Who sees a node. Whether it counts is another thing: a contribution's fate."""

    DRAFT = "draft", _("Draft")
    PRIVATE = "private", _("Private")
    PUBLIC = "public", _("Public")
    HIDDEN = "hidden", _("Hidden by moderation")
    WITHDRAWN = "withdrawn", _("Withdrawn by its author")
    ERASED = "erased", _("Erased")


class Node(models.Model):
    """One row for each thing that people can talk about."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=32)
    # 100: what CKAN lets a name have.
    slug = models.SlugField(max_length=100, db_index=False)
    title = TextField(characters_max=limits.TITLE_CHARACTERS, verbose_name=_("Title"))
    space = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="inside",
        db_index=False,
    )  # fmt: skip
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    created_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "slug"], name="node_kind_slug_unique")
        ]
        indexes = [
            models.Index(fields=["kind", "state", "-published_at"], name="node_listing"),
            models.Index(fields=["space", "kind", "state"], name="node_inside"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}/{self.slug}"


class Link(models.Model):
    """A typed, reasoned arrow between two nodes: the thread. Written by `thread.link` only."""

    source = models.ForeignKey(
        Node, on_delete=models.CASCADE, related_name="links_out", db_index=False
    )
    relation = models.CharField(max_length=24)
    target = models.ForeignKey(
        Node, on_delete=models.CASCADE, related_name="links_in", db_index=False
    )
    reason = TextField(blank=True, characters_max=limits.REASON_CHARACTERS)
    by = models.ForeignKey("Person", null=True, blank=True, on_delete=models.SET_NULL)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "relation", "target"], name="link_unique")
        ]
        indexes = [
            models.Index(fields=["target", "relation", "source"], name="link_backwards"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.relation} {self.target_id}"


class Event(models.Model):
    """One appended row per change: activity log, outbox and ledger input at once."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    verb = models.CharField(max_length=48)
    actor = models.ForeignKey(
        "Person", null=True, blank=True, on_delete=models.SET_NULL, db_index=False
    )
    node = models.ForeignKey(
        Node, null=True, blank=True, on_delete=models.SET_NULL, related_name="events",
        db_index=False,
    )  # fmt: skip
    data = models.JSONField(default=dict, blank=True)
    key = models.CharField(max_length=64, null=True, blank=True, unique=True)
    pending = models.BooleanField(default=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=models.Q(pending=True), name="event_pending"),
            models.Index(fields=["node", "id"], name="event_history"),
            models.Index(
                fields=["actor"], condition=models.Q(actor__isnull=False), name="event_actor"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.verb}"


class Delivery(models.Model):
    """An event that a consumer could not take yet: visible, tried again."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE)
    consumer = models.CharField(max_length=64)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    next_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "consumer"], name="delivery_unique")
        ]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.consumer}"


class Key(models.Model):
    """Random bytes behind an HMAC. Destroying them makes what they keyed unlinkable."""

    purpose = models.CharField(max_length=24)
    space = models.ForeignKey(Node, null=True, blank=True, on_delete=models.PROTECT)
    secret = models.BinaryField(max_length=32, null=True)
    destroyed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["purpose", "space"], name="key_unique", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.purpose


class PersonManager(BaseUserManager["Person"]):
    """People are found by e-mail, whatever its case."""

    def get_by_natural_key(self, email: str | None) -> "Person":
        """Return the person with this e-mail. Raises Person.DoesNotExist."""
        return self.get(email__iexact=email)


class Person(AbstractBaseUser):
    """Somebody with an account. Taking part needs none where the consultation allows it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    display_name = models.CharField(max_length=80, blank=True)
    language = models.CharField(max_length=2, default="fr")
    assurance = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    objects = PersonManager()

    def __str__(self) -> str:
        return self.display_name or f"personne {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep one case of each address; whoever chose no password has none that works."""
        self.email = self.email.lower()
        if self._state.adding and not self.password:
            # Django takes an empty one for usable, and would ask for it before each change.
            self.set_unusable_password()
        super().save(*args, **kwargs)


class Role(models.Model):
    """What a person may do beyond a citizen; `scope` null means the whole site."""

    class Name(models.TextChoices):
        ADVISER = "adviser", _("Participation adviser")
        ANALYST = "analyst", _("Analyst")
        STEWARD = "steward", _("Data steward")
        COORDINATOR = "coordinator", _("Plan coordinator")
        OPERATOR = "operator", _("Operator")
        MEMBER = "member", _("Member of a committee or of an accredited group")

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=12, choices=Name)
    scope = models.ForeignKey(Node, null=True, blank=True, on_delete=models.CASCADE)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "role", "scope"], name="role_unique", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.role


class ApiToken(models.Model):
    """A person's key to the API; only its digest is kept, it is shown once."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    # What it opens; empty: all that its person may do.
    scopes = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Organisation(models.Model):
    """A public body or a group that leads, consults, publishes or evaluates."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True)
    acronym = models.CharField(max_length=20, blank=True)
    description = TextField(blank=True, rows=3)
    homepage = models.URLField(blank=True)

    def __str__(self) -> str:
        return self.acronym or self.node.slug


class Site(models.Model):
    """The one row that says whose site this is; filled by `parvis init`."""

    class Approval(models.TextChoices):
        NONE = "none", _("One person opens a consultation alone")
        SECOND_PERSON = "second_person", _("A second person approves each version first")

    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT)
    name = TextField(characters_max=limits.TITLE_CHARACTERS)
    languages = models.JSONField(default=list, blank=True)
    privacy_officer = TextField(blank=True, characters_max=limits.SHORT_CHARACTERS)
    privacy_contact = models.CharField(max_length=200, blank=True)
    contact = models.CharField(max_length=200, blank=True)
    approval = models.CharField(max_length=13, choices=Approval, default=Approval.NONE)

    def __str__(self) -> str:
        return str(self.name.get("fr", ""))


class File(models.Model):
    """Bytes kept once by their hash, under PARVIS_HOME/files."""

    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100)
    storage_key = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.sha256[:12]


class Revision(models.Model):
    """What a published text said at a date: history with differences."""

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="revisions")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    texts = models.JSONField()
    note = TextField(blank=True, characters_max=limits.REASON_CHARACTERS)

    class Meta:
        indexes = [models.Index(fields=["node", "-at"], name="revision_history")]

    def __str__(self) -> str:
        return f"{self.node_id} {self.at:%Y-%m-%d}"


class Follow(models.Model):
    """A person with an account who wants news of a node."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    node = models.ForeignKey(Node, on_delete=models.CASCADE)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "node"], name="follow_unique")]

    def __str__(self) -> str:
        return f"{self.person_id} → {self.node_id}"


class Job(models.Model):
    """Long work with progress, retry, cancel and recovery."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.CharField(max_length=100)
    arguments = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    result = models.JSONField(default=dict, blank=True)
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL)
    node = models.ForeignKey(Node, null=True, blank=True, on_delete=models.CASCADE)
    created_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField(default=timezone.now)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    cancel_asked = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["state", "next_at"], name="job_due")]

    def __str__(self) -> str:
        return f"{self.task} {self.state}"


class SearchEntry(models.Model):
    """What search knows of a node: folded stems by language, and a key to sort titles."""

    id = models.BigAutoField(primary_key=True)
    node = models.OneToOneField(Node, on_delete=models.CASCADE, related_name="search_entry")
    kind = models.CharField(max_length=32)
    title_words = models.TextField()
    words = models.TextField()
    title_key = models.CharField(max_length=200)
    published_at = models.DateTimeField(null=True)
    # What the facets count. The organisation by the 32 digits of its id, alike on both databases.
    year = models.PositiveSmallIntegerField(null=True)
    organisation = models.CharField(max_length=32, blank=True, default="")

    def __str__(self) -> str:
        return self.title_key
