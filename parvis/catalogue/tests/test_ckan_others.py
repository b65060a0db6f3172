"""Organisations, groups, keywords, accounts, tokens, follows and statuses in the Action API."""

import pytest

from parvis.catalogue.tests.catalogue_factories import make_dataset, organisation
from parvis.catalogue.tests.ckan_clients import Api, token_of
from parvis.core.models import ApiToken, Event, Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return Api(token_of("operator"))


def test_organisations_are_written(operator):
    made = operator(
        "organization_create", name="mamh", title="Affaires municipales", description="Villes.",
        image_url="https://a.test/x.png", extras=[{"key": "k", "value": "v"}],
    )  # fmt: skip
    assert made["title"] == made["display_name"] == "Affaires municipales"
    assert made["image_display_url"] == "https://a.test/x.png"
    assert made["extras"] == [{"key": "k", "value": "v"}] and made["is_organization"] is True
    assert Api()("organization_show", id="mamh") == made
    events = Event.objects.count()
    assert operator("organization_update", **made) == made
    assert Event.objects.count() == events
    patched = operator("organization_patch", id="mamh", title="MAMH")
    assert (patched["title"], patched["description"]) == ("MAMH", "Villes.")
    bare = operator("organization_update", id="mamh")
    assert (bare["title"], bare["extras"], bare["image_url"]) == ("mamh", [], "")
    error = operator.refused("organization_create", 409, name="mamh")
    assert error["name"] == ["Group name already exists in database"]
    assert operator("organization_autocomplete", q="mam")[0]["name"] == "mamh"
    steward = Api(token_of("steward"))
    steward("package_create", name="un-jeu", owner_org="mamh")
    operator.refused("organization_delete", 409, id="mamh")
    steward("package_delete", id="un-jeu")
    assert operator("organization_delete", id="mamh") is None
    assert Api()("organization_list") == []
    operator("organization_purge", id="mamh")
    assert operator("organization_create", name="mamh")["id"] != made["id"]
    Api(token_of("steward", organisation().node)).refused("organization_create", 403, name="zz")


def test_members_have_rights(operator):
    organisation()
    token = token_of(None)
    person = ApiToken.objects.latest("pk").person
    member = Api(token)
    member.refused("package_create", 403, name="a-moi", owner_org="sct")
    member.refused("organization_member_create", 403, id="sct", username=person.email, role="admin")
    at = {"id": "sct", "username": person.email}
    assert operator("organization_member_create", **at, role="editor")["table_name"] == "user"
    assert member("package_create", name="a-moi", owner_org="sct")["name"] == "a-moi"
    assert [row[0] for row in operator("member_list", id="sct", object_type="user")] == [
        str(person.pk)
    ]
    assert Api()("member_list", id="sct", object_type="package")[0][1:] == ["package", "public"]
    Api().refused("member_list", 403, id="sct", object_type="user")
    operator.refused("organization_member_create", 409, **at, role="member")
    operator.refused("organization_member_create", 404, id="sct", username="x@y.test", role="admin")
    operator("organization_member_delete", **at)
    assert not Role.objects.filter(person=person).exists()


def test_groups_are_categories_and_those_of_programs(operator):
    dataset = make_dataset(categories=["transport"])
    steward = Api(token_of("steward"))
    made = steward("group_create", name="climat", title="Climat")
    assert (made["is_organization"], made["type"], made["package_count"]) == (False, "group", 0)
    assert {"climat", "transport"} <= set(Api()("group_list"))
    assert steward("group_update", **made) == made
    assert steward("group_patch", id="climat", description="Le climat.")["title"] == "Climat"
    steward("member_create", id="climat", object="villes", object_type="package")
    shown = Api()("package_show", id="villes")
    assert [group["name"] for group in shown["groups"]] == ["climat", "transport"]
    assert steward("package_update", **shown) == shown
    assert [row["id"] for row in Api()("group_package_show", id="climat")] == [str(dataset.pk)]
    assert [row["name"] for row in Api()("group_package_show", id="transport")] == ["villes"]
    assert Api()("member_list", id="climat") == [[str(dataset.pk), "package", "public"]]
    assert Api()("group_show", id="climat", include_datasets=True)["packages"] == [shown]
    steward("member_delete", id="climat", object="villes", object_type="package")
    assert Api()("group_show", id=made["id"])["package_count"] == 0
    steward.refused("group_create", 409, name="transport")
    steward.refused("group_update", 403, id="transport")
    steward.refused("group_create", 409)
    assert Api()("group_autocomplete", q="clim")[0]["name"] == "climat"
    steward("group_delete", id="climat")
    Api().refused("group_show", 404, id="climat")
    operator("group_purge", id="climat")
    steward("group_create", name="climat")


def test_words_formats_and_suggestions():
    make_dataset(tags=[{"fr": "Forêt"}, {"fr": "Eau"}, {"fr": "École"}])
    api = Api()
    assert api("tag_list") == ["Eau", "École", "Forêt"]
    assert api("tag_autocomplete", query="foret") == ["Forêt"]
    assert api("tag_search", query="e")["count"] == 3
    tag = api("tag_show", id="Eau", include_datasets=True)
    assert api("tag_show", id=tag["id"])["name"] == "Eau" and len(tag["packages"]) == 1
    api.refused("tag_show", 404, id="absent")
    assert api("vocabulary_list") == []
    api.refused("vocabulary_show", 404, id="x")
    assert api("format_autocomplete", q="cs") == ["csv"]
    found = api("package_autocomplete", q="quebec")
    assert found[0]["match_field"] == "title" and found[0]["name"] == "villes"
    assert api("package_autocomplete", q="vil")[0]["match_field"] == "name"
    found = api("resource_search", query="format:csv")
    assert found["count"] == 1 and found["results"][0]["format"] == "CSV"
    assert api("resource_search", query=["name:villes", "format:pdf"])["count"] == 0
    api.refused("resource_search", 409, query="sans")
    api.refused("resource_search", 409, query="couleur:bleu")


def test_accounts_are_shown_to_their_owner_and_operators(operator):
    token = token_of(None)
    person = ApiToken.objects.latest("pk").person
    me = Api(token)
    shown = me("user_show")
    assert shown["email"] == person.email and shown["sysadmin"] is False
    assert me("user_show", id=person.email) == shown == operator("user_show", id=str(person.pk))
    assert [row["id"] for row in me("user_list")] == [shown["id"]]
    assert len(operator("user_list")) == 2
    Api().refused("user_show", 403, id=person.email)
    Api().refused("user_list", 403)
    me.refused("user_show", 403, id="autre@x.test")
    operator.refused("user_show", 404, id="autre@x.test")


def test_tokens_are_shown_once_narrowed_and_revoked():
    me = Api(token_of("steward", days=10, scopes=["write:catalogue"]))
    me.refused("api_token_create", 409)
    me.refused("api_token_create", 403, name="plus")
    me.refused("api_token_create", 409, name="x", scopes=["tout"])
    me.refused("api_token_create", 409, name="x", expires_in=0)
    made = me("api_token_create", name="robot", expires_in=30, scopes=["write:catalogue"])
    rows = {row["name"]: row for row in me("api_token_list")}
    assert made["token"] not in str(rows) and rows["robot"]["scopes"] == ["write:catalogue"]
    # It does not outlive the one that made it.
    assert rows["robot"]["expires_at"] == rows["Essai"]["expires_at"]
    organisation()
    robot = Api(made["token"])
    robot("package_create", name="a-robot", owner_org="sct")
    me.refused("api_token_revoke", 404, jti="999999")
    assert me("api_token_revoke", token=made["token"]) is None
    robot.refused("package_patch", 403, id="a-robot", title="Non")
    assert [row["name"] for row in me("api_token_list")] == ["Essai"]
    Api().refused("api_token_list", 403)


def test_follows_and_activity():
    make_dataset()
    me = Api(token_of(None))
    assert me("am_following_dataset", id="villes") is False
    assert me("follow_dataset", id="villes")["object_id"]
    me.refused("follow_dataset", 409, id="villes")
    assert me("am_following_dataset", id="villes") is True
    assert Api()("dataset_follower_count", id="villes") == 1
    me("follow_group", id="sct")
    assert Api()("organization_show", id="sct")["num_followers"] == 1
    assert me("am_following_group", id="sct") is True
    assert (
        Api()("organization_follower_count", id="sct")
        == 1
        == Api()("group_follower_count", id="sct")
    )
    assert me("followee_count") == 2
    assert [row["type"] for row in me("followee_list")] == ["dataset", "organization"]
    assert [row["name"] for row in me("dataset_followee_list")] == ["villes"]
    me("unfollow_dataset", id="villes")
    me("unfollow_group", id="sct")
    me.refused("unfollow_dataset", 404, id="villes")
    Api().refused("follow_dataset", 403, id="villes")
    Api(token_of("steward"))("package_patch", id="villes", title="Autre")
    rows = Api()("package_activity_list", id="villes")
    assert rows[0]["activity_type"] == "changed package"
    assert rows[-1]["activity_type"] == "new package"
    assert {row["user_id"] for row in rows} == {None}


def test_statuses_of_tasks():
    resource = make_dataset().resources.get()
    steward = Api(token_of("steward"))
    sent = {"entity_id": str(resource.pk), "entity_type": "resource", "task_type": "datapusher",
            "key": "datapusher", "value": "{}", "state": "pending"}  # fmt: skip
    made = steward("task_status_update", **sent)
    assert steward("task_status_show", id=made["id"]) == made
    again = steward("task_status_update", **{**sent, "state": "complete"})
    assert again["id"] == made["id"] and again["state"] == "complete"
    key = {name: sent[name] for name in ("entity_id", "task_type", "key")}
    assert steward("task_status_show", **key) == again
    assert len(steward("task_status_update_many", data=[sent])["results"]) == 1
    Api().refused("task_status_update", 403, **sent)
    steward.refused("task_status_update", 409)
    steward("task_status_delete", id=made["id"])
    steward.refused("task_status_show", 404, id=made["id"])


def test_every_action_has_words():
    from parvis.catalogue.ckan import registry

    registry.load()
    for name, function in registry.ACTIONS.items():
        assert function.__doc__ and Api()("help_show", name=name), name
