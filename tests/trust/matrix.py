"""Who may open (GET) and who may act on (POST) each address. An address not here fails a test.

`everyone` is an anonymous visitor, the author of an answer (by receipt, without an account), a
citizen with an account, the five staff roles, and `elsewhere`: a person who holds four staff
roles, on another organisation only.
"""

from dataclasses import dataclass

EVERYONE = frozenset(
    {
        "anonymous", "author", "citizen", "adviser", "analyst", "steward", "coordinator",
        "operator", "elsewhere", "member",
    }
)  # fmt: skip
SIGNED = EVERYONE - {"anonymous", "author"}
NOBODY: frozenset[str] = frozenset()


def only(*roles: str) -> frozenset[str]:
    """Return these roles."""
    return frozenset(roles)


ADVISER = only("adviser")
STEWARD = only("steward")
COORDINATOR = only("coordinator")
OPERATOR = only("operator")
STAFF = SIGNED - {"citizen", "member"}
MANAGE = only("adviser", "operator")
CODE = only("adviser", "analyst")
RESPOND = only("adviser", "coordinator")
APPROVE = only("adviser", "coordinator", "operator")
INNOVATE = only("adviser", "steward", "coordinator")
WRITE = only("coordinator", "operator")
AUTHOR = only("author")
MEMBER = only("member")
VOICES = only("member", "coordinator")


@dataclass(frozen=True)
class Row:
    """One address: its arguments in the world, who may GET it and who may POST to it.

    None where the method itself does not exist: 405, or the answer of GET and nothing written.
    `code`: only the author knows the code of the address; everybody else tries a wrong one.
    `method` and `body` are those of a write in the API.
    """

    args: str
    get: frozenset[str] | None
    post: frozenset[str] | None = None
    code: bool = False
    method: str = "POST"
    body: str = "{}"


# Pages, under /fr/ and /en/ --------------------------------------------------------------------
PUBLIC = {
    "home": "none", "consultations": "none", "consultation": "consultation",
    "consultation_privacy": "consultation", "consultation_history": "consultation",
    "consultation_policy": "consultation", "cookies": "none",
    "consultation_embed": "consultation",
    "results": "consultation", "theme_history": "theme_history", "search": "none",
    "guarantees": "none", "accessibility": "none", "privacy": "none", "api_guide": "none",
    "survey_print": "survey", "proposals": "proposals", "proposal": "proposal",
    "proposal_comment": "comment", "proposal_history": "proposal", "late_answers_feed": "none",
    "commitments": "none", "commitment": "commitment", "commitments_feed": "none",
    "commitment_history": "commitment", "commitment_feed": "commitment", "plan": "plan",
    "plan_history": "plan", "plan_json": "plan", "plan_xlsx": "plan", "response": "response",
    "datasets": "none", "datasets_feed": "none", "dataset": "dataset",
    "dataset_history": "dataset", "dataset_file": "dataset_file", "documents": "none",
    "documents_feed": "none", "document": "document", "document_history": "document",
    "document_file": "document_file", "charter": "none", "reported": "proposal_id",
    "moderation": "none", "decision": "decision", "register": "none", "register_entry": "index",
    "subscribe_sent": "none", "feed": "none", "node_feed": "node",
    "account_inactive": "none",
    "strategies": "none", "strategy": "strategy", "strategy_history": "strategy",
    "barometer": "strategy", "barometer_csv": "strategy", "barometer_json": "strategy",
    "indicator": "indicator", "indicator_history": "indicator", "pillars": "none",
    "collaborate": "none", "committee": "committee",
    "committee_feed": "committee", "committee_history": "committee",
    "committee_meetings": "committee", "meeting": "meeting", "meeting_history": "meeting",
    "drafting": "drafting", "drafting_history": "drafting", "cocreation": "plan",
    "cocreation_json": "plan", "cocreation_csv": "plan",
    "advice": "advice", "advice_history": "advice", "groups": "none", "group": "group",
    "innovation": "none", "reuses": "none", "reuse": "reuse", "calls": "none", "call": "call",
    "helpers": "none", "helpers_csv": "none", "versions": "none", "version": "version",
    "version_file": "version_file", "lessons": "none", "lesson": "lesson",
    "pillar": "pillar", "promises": "none", "promises_csv": "none", "promises_json": "none",
    "promises_feed": "none", "promise_rows": "promise", "promise_rows_csv": "promise",
    "consultations_register": "none", "register_csv": "none", "register_json": "none",
    "consultations_calendar": "none", "consultations_ics": "none",
    "consultation_ics": "consultation", "elsewhere": "elsewhere",
    "elsewhere_history": "elsewhere", "consultation_cite": "consultation",
    "cite_bibtex": "consultation", "cite_csl": "consultation",
    "consultation_copy": "consultation", "consultation_copy_at": "copy_at",
    "page": "page", "page_history": "page", "news_list": "none", "news_feed": "none",
    "news": "news", "news_history": "news",
}  # fmt: skip

PAGES: dict[str, Row] = {
    **{name: Row(args, EVERYONE) for name, args in PUBLIC.items()},
    # forms that everybody may send
    "follow_up": Row("none", EVERYONE, EVERYONE),
    "survey": Row("survey", EVERYONE, EVERYONE),
    "survey_step": Row("step", EVERYONE, EVERYONE),
    "survey_send": Row("send", EVERYONE, EVERYONE),
    "proposal_new": Row("proposals", EVERYONE, EVERYONE),
    "comment_new": Row("proposal", EVERYONE, EVERYONE),
    "report": Row("proposal_id", EVERYONE, EVERYONE),
    "subscribe": Row("none", EVERYONE, EVERYONE),
    "reuse_new": Row("none", EVERYONE, EVERYONE),
    "appeal": Row("decision", EVERYONE, EVERYONE),
    "confirm_subscription": Row("token", EVERYONE, EVERYONE),
    "unsubscribe": Row("token", EVERYONE, EVERYONE),
    # what a receipt code opens, and nothing else
    "follow_up_code": Row("code", AUTHOR, None, code=True),
    "receipt": Row("code", AUTHOR, AUTHOR, code=True),
    "receipt_copy": Row("code", AUTHOR, None, code=True),
    "withdraw": Row("code", AUTHOR, AUTHOR, code=True),
    "receipt_proof": Row("code", AUTHOR, None, code=True),
    "survey_change": Row("survey_code", AUTHOR, AUTHOR, code=True),
    "proposal_change": Row("proposal_code", AUTHOR, AUTHOR, code=True),
    "appeal_code": Row("decision_code", AUTHOR, AUTHOR, code=True),
    "reuse_code": Row("reuse_code", AUTHOR, AUTHOR, code=True),
    "proposal_own": Row("proposal", NOBODY, NOBODY),
    # what a secret link opens, to whoever holds it
    "review_secret": Row("review_secret", EVERYONE, EVERYONE),
    # an account
    "support": Row("proposal", SIGNED, SIGNED),
    "follow": Row("node", EVERYONE, EVERYONE),
    "my_subscriptions": Row("none", SIGNED),
    "stop_subscription": Row("own_subscription", None, only("citizen")),
    "account_overview": Row("none", SIGNED),
    "api_tokens": Row("none", SIGNED),
    "api_token_revoke": Row("own_token", only("citizen"), only("citizen")),
    "second_factor_needed": Row("none", SIGNED),
    # the desk
    "desk": Row("none", STAFF),
    "consult_new": Row("none", MANAGE | {"elsewhere"}, MANAGE | {"elsewhere"}),
    "consult_desk": Row("consultation", MANAGE | CODE | APPROVE, MANAGE),
    "consult_edit_about": Row("consultation", MANAGE, MANAGE),
    "consult_edit_influence": Row("consultation", MANAGE, MANAGE),
    "consult_edit_privacy": Row("consultation", MANAGE, MANAGE),
    "consult_edit_dates": Row("consultation", MANAGE, MANAGE),
    "consult_edit_activities": Row("consultation", MANAGE, MANAGE),
    "consult_edit_legal": Row("consultation", MANAGE, MANAGE),
    "consult_legal": Row("legal", MANAGE, MANAGE),
    "consult_legal_print": Row("legal", MANAGE),
    "legal_defaults": Row("legal_body", MANAGE, MANAGE),
    "consult_open": Row("consultation", ADVISER, ADVISER),
    "consult_extend": Row("phase", MANAGE, MANAGE),
    "consult_contributions": Row("consultation", CODE, CODE),
    "consult_approval": Row("review_draft", APPROVE),
    "consult_ask_review": Row("review_draft", MANAGE, MANAGE),
    "consult_review": Row("review", APPROVE, APPROVE),
    "consult_schedule": Row("review_draft", ADVISER, ADVISER),
    "consult_change": Row("proposed_change", APPROVE, APPROVE),
    "approval_mode": Row("none", OPERATOR, OPERATOR),
    "desk_elsewhere": Row("none", MANAGE | {"elsewhere"}),
    "elsewhere_new": Row("none", MANAGE | {"elsewhere"}, MANAGE | {"elsewhere"}),
    "elsewhere_import": Row("none", MANAGE | {"elsewhere"}, MANAGE | {"elsewhere"}),
    "elsewhere_edit": Row("elsewhere", MANAGE, MANAGE),
    "elsewhere_withdraw": Row("elsewhere", MANAGE, MANAGE),
    "launch_kit": Row("consultation", MANAGE),
    "launch_file": Row("launch_file", MANAGE),
    "launch_quote": Row("consultation", MANAGE, MANAGE),
    "launch_unquote": Row("consultation", None, MANAGE),
    "launch_source_new": Row("consultation", MANAGE, MANAGE),
    "launch_source_remove": Row("launch_source", None, MANAGE),
    "survey_paper": Row("survey", CODE, CODE),
    "survey_edit": Row("survey", MANAGE, MANAGE),
    "survey_export": Row("survey", MANAGE),
    "survey_sheet_file": Row("survey_sheet", MANAGE),
    "survey_preview": Row("survey_preview", MANAGE),
    "proposals_settings": Row("proposals", MANAGE, MANAGE),
    "proposal_answer": Row("proposal", RESPOND, RESPOND),
    "coding": Row("consultation", CODE),
    "coding_list": Row("consultation", CODE, CODE),
    "coding_copies": Row("consultation", None, CODE),
    "coding_themes": Row("consultation", CODE, CODE),
    "coding_theme": Row("coding_theme", CODE, CODE),
    "coding_one": Row("coding_one", CODE, CODE),
    "desk_responses": Row("consultation", RESPOND),
    "response_edit": Row("response_edit", RESPOND, RESPOND),
    "desk_plans": Row("none", COORDINATOR | {"elsewhere"}),
    "plan_new": Row("none", COORDINATOR | {"elsewhere"}, COORDINATOR | {"elsewhere"}),
    "plan_edit": Row("plan", COORDINATOR, COORDINATOR),
    "plan_publish": Row("draft_plan", None, COORDINATOR),
    "plan_close": Row("plan", COORDINATOR, COORDINATOR),
    "plan_evaluation_new": Row("plan", COORDINATOR, COORDINATOR),
    "commitment_new": Row("plan", COORDINATOR, COORDINATOR),
    "commitment_edit": Row("commitment", COORDINATOR, COORDINATOR),
    "commitment_evidence": Row("commitment", None, COORDINATOR),
    "commitment_publish": Row("draft_commitment", None, COORDINATOR),
    "milestone_new": Row("commitment", COORDINATOR, COORDINATOR),
    "milestone_edit": Row("milestone", COORDINATOR, COORDINATOR),
    "progress_report": Row("commitment", COORDINATOR, COORDINATOR),
    "evaluation_new": Row("commitment", COORDINATOR, COORDINATOR),
    "desk_strategy": Row("none", COORDINATOR | {"elsewhere"}),
    "strategy_new": Row("none", COORDINATOR | {"elsewhere"}, COORDINATOR | {"elsewhere"}),
    "strategy_edit": Row("strategy", COORDINATOR, COORDINATOR),
    "pillar_edit": Row("pillar_key", COORDINATOR, COORDINATOR),
    "orientation_new": Row("strategy", COORDINATOR, COORDINATOR),
    "orientation_edit": Row("orientation", COORDINATOR, COORDINATOR),
    "ambition_new": Row("strategy", COORDINATOR, COORDINATOR),
    "ambition_edit": Row("ambition", COORDINATOR, COORDINATOR),
    "indicator_new": Row("strategy", COORDINATOR, COORDINATOR),
    "indicator_edit": Row("indicator", COORDINATOR, COORDINATOR),
    "frame_publish": Row("draft_indicator_publish", None, COORDINATOR),
    "measure_new": Row("indicator", COORDINATOR, COORDINATOR),
    "measure_edit": Row("measure", COORDINATOR, COORDINATOR),
    "measure_remove": Row("measure", COORDINATOR, COORDINATOR),
    "frame_ties": Row("frame_place", COORDINATOR, COORDINATOR),
    "frame_untie": Row("frame_tie", COORDINATOR, COORDINATOR),
    # committees and accredited groups: members speak, coordinators keep the office
    "advice_new": Row("committee", VOICES, VOICES),
    "drafting_new": Row("committee", VOICES, VOICES),
    "drafting_edit": Row("drafting", VOICES, VOICES),
    "change_new": Row("passage", SIGNED, SIGNED),
    "change_settle": Row("change", VOICES, VOICES),
    "drafting_export": Row("drafting", COORDINATOR | {"elsewhere"}, COORDINATOR | {"elsewhere"}),
    "cocreation_check": Row("cocreation_item", COORDINATOR, COORDINATOR),
    "commitment_evaluate": Row("commitment", MEMBER, MEMBER),
    "plan_evaluate": Row("plan", MEMBER, MEMBER),
    "desk_collaborate": Row("none", COORDINATOR | {"elsewhere"}),
    "committee_new": Row("none", COORDINATOR | {"elsewhere"}, COORDINATOR | {"elsewhere"}),
    "committee_edit": Row("committee", COORDINATOR, COORDINATOR),
    "committee_publish": Row("draft_committee", None, COORDINATOR),
    "member_new": Row("committee", COORDINATOR, COORDINATOR),
    "member_edit": Row("member", COORDINATOR, COORDINATOR),
    "meeting_new": Row("committee", COORDINATOR, COORDINATOR),
    "meeting_edit": Row("meeting", COORDINATOR, COORDINATOR),
    "meeting_record": Row("meeting", COORDINATOR, COORDINATOR),
    "meeting_cancel": Row("called_meeting", COORDINATOR, COORDINATOR),
    "meeting_documents": Row("meeting", COORDINATOR, COORDINATOR),
    "meeting_document_remove": Row("meeting_document", COORDINATOR, COORDINATOR),
    "advice_reply": Row("advice", COORDINATOR, COORDINATOR),
    "group_new": Row("none", COORDINATOR | {"elsewhere"}, COORDINATOR | {"elsewhere"}),
    "group_edit": Row("group", COORDINATOR, COORDINATOR),
    "group_member_new": Row("group", COORDINATOR, COORDINATOR),
    "group_member_edit": Row("group_member", COORDINATOR, COORDINATOR),
    "desk_innovation": Row("none", INNOVATE | {"elsewhere"}),
    "reuse_decide": Row("waiting_reuse", RESPOND, RESPOND),
    "call_new": Row("none", INNOVATE | {"elsewhere"}, INNOVATE | {"elsewhere"}),
    "call_edit": Row("call", INNOVATE, INNOVATE),
    "call_publish": Row("draft_call", None, INNOVATE),
    "helper_new": Row("none", INNOVATE | {"elsewhere"}, INNOVATE | {"elsewhere"}),
    "helper_edit": Row("helper", INNOVATE | {"elsewhere"}, INNOVATE | {"elsewhere"}),
    "helper_remove": Row("helper", None, INNOVATE | {"elsewhere"}),
    "desk_versions": Row("none", INNOVATE | {"elsewhere"}),
    "desk_version_edit": Row("node", INNOVATE, INNOVATE),
    "version_remove": Row("version_row", None, INNOVATE),
    "publishing": Row("none", STEWARD | {"elsewhere"}),
    "publish_data": Row("consultation", STEWARD, STEWARD),
    "desk_data": Row("none", STEWARD | {"elsewhere"}),
    "desk_dataset_new": Row("none", STEWARD | {"elsewhere"}, STEWARD | {"elsewhere"}),
    "desk_dataset": Row("dataset", STEWARD),
    "desk_dataset_edit": Row("dataset", STEWARD, STEWARD),
    "desk_dataset_preview": Row("draft_dataset", STEWARD),
    "desk_dataset_publish": Row("draft_dataset", None, STEWARD),
    "desk_file_new": Row("dataset", STEWARD, STEWARD),
    "desk_file_version": Row("file", STEWARD, STEWARD),
    "desk_file_loading": Row("file", STEWARD, STEWARD),
    "desk_file_columns": Row("file", STEWARD, STEWARD),
    "desk_file_remove": Row("file", None, STEWARD),
    "desk_documents": Row("none", STEWARD | {"elsewhere"}),
    "desk_document_new": Row("none", STEWARD | {"elsewhere"}, STEWARD | {"elsewhere"}),
    "desk_document": Row("draft_document", STEWARD, STEWARD),
    "desk_document_publish": Row("draft_document", None, STEWARD),
    "desk_pages": Row("none", WRITE),
    "page_new": Row("none", WRITE, WRITE),
    "page_edit": Row("page", WRITE, WRITE),
    "page_preview": Row("draft_page", WRITE),
    "page_publish": Row("draft_page", None, WRITE),
    "page_unpublish": Row("page", None, WRITE),
    "page_drop": Row("page", None, WRITE),
    "page_restore": Row("page_version", None, WRITE),
    "desk_news": Row("none", WRITE),
    "news_new": Row("none", WRITE, WRITE),
    "news_edit": Row("news", WRITE, WRITE),
    "news_preview": Row("draft_news", WRITE),
    "news_publish": Row("draft_news", None, WRITE),
    "news_unpublish": Row("news", None, WRITE),
    "library": Row("none", WRITE),
    "image_new": Row("none", WRITE, WRITE),
    "image_edit": Row("image", WRITE, WRITE),
    "image_remove": Row("image", None, WRITE),
    "banners": Row("none", WRITE),
    "banner_new": Row("none", WRITE, WRITE),
    "banner_edit": Row("banner", WRITE, WRITE),
    "banner_remove": Row("banner", None, WRITE),
    "blocks": Row("none", WRITE),
    "block_new": Row("block_kind", WRITE, WRITE),
    "block_edit": Row("block", WRITE, WRITE),
    "block_move": Row("block_move", None, WRITE),
    "block_remove": Row("block", None, WRITE),
    "hosts": Row("none", OPERATOR),
    "host_new": Row("none", OPERATOR, OPERATOR),
    "host_edit": Row("host", OPERATOR, OPERATOR),
    "host_remove": Row("host", None, OPERATOR),
    "moderation_desk": Row("none", RESPOND | {"elsewhere"}),
    "moderation_decide": Row("proposal_id", RESPOND, RESPOND),
    "moderation_second": Row("second", None, RESPOND),
    "moderation_appeal": Row("appeal", RESPOND, RESPOND),
    "mail_desk": Row("none", OPERATOR),
    "mail_message": Row("mail", OPERATOR),
    "mail_check": Row("none", OPERATOR, OPERATOR),
    "mail_test": Row("none", None, OPERATOR),
    "mail_bounces": Row("none", OPERATOR, OPERATOR),
    "mail_release": Row("mailbox", None, OPERATOR),
    "mail_received": Row("mail_test", EVERYONE, EVERYONE),
    # the demonstration's door does not exist outside of the demonstration
    "demo": Row("none", NOBODY, None),
    "demo_enter": Row("role", NOBODY, NOBODY),
}

SURVEY_EDITOR = {
    "survey_page_new": "survey", "survey_page": "survey_page",
    "survey_page_remove": "survey_page", "survey_question_new": "survey_page",
    "survey_question": "survey_question", "survey_question_remove": "survey_question",
    "survey_import": "survey", "survey_sheet": "survey",
}  # fmt: skip

# django-allauth decides here: everybody may ask, what happens is its own tests' and
# parvis/site/tests/test_accounts_pages.py's. Signed-in people are sent away from signing in.
ACCOUNT_ANYONE = frozenset(
    {
        "account_login", "account_request_login_code", "account_confirm_login_code",
        "account_signup", "account_email_verification_sent", "account_reset_password",
        "account_confirm_password_reset_code", "account_complete_password_reset",
        "account_password_reset_completed", "account_logout", "mfa_authenticate",
    }
)  # fmt: skip
ACCOUNT_SIGNED = frozenset(
    {
        "account_email", "account_reauthenticate", "account_change_password",
        "account_set_password", "mfa_index", "mfa_reauthenticate", "mfa_activate_totp",
        "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes",
        "mfa_download_recovery_codes",
    }
)  # fmt: skip

# Addresses for machines, by their route ---------------------------------------------------------
MACHINES: dict[str, Row] = {
    "health/live": Row("none", EVERYONE),
    "health/ready": Row("none", EVERYONE),
    "metrics": Row("none", EVERYONE),
    "robots.txt": Row("none", EVERYONE),
    "favicon.ico": Row("none", EVERYONE),
    "c/<slug:code>": Row("short", EVERYONE),
    "c/<slug:code>/<slug:source>": Row("short_from", EVERYONE),
    "ledger/checkpoint": Row("none", EVERYONE),
    "ledger/vkey": Row("none", EVERYONE),
    "ledger/openings.jsonl": Row("none", EVERYONE),
    "ledger/proof/<int:index>.tlog-proof": Row("index", EVERYONE),
    "ledger/lost/<int:number>/<path:path>": Row("lost", NOBODY),
    "ledger/tile/<path:rest>": Row("tile", EVERYONE),
    "api/3": Row("none", EVERYONE, EVERYONE),
    "api/3/": Row("none", EVERYONE, EVERYONE),
    "api/3/action/<str:name>": Row("action", EVERYONE, EVERYONE),
    "api/action/<str:name>": Row("action", EVERYONE, EVERYONE),
    "dataset/<uuid:dataset>/resource/<uuid:resource>/download/<str:name>": Row(
        "ckan_file", EVERYONE
    ),
    "media/<int:image>/<int:width>-<slug:sha>.<slug:extension>": Row("media", EVERYONE),
    "sitemap.xml": Row("none", EVERYONE),
    "sitemap-<slug:name>.xml": Row("sitemap", EVERYONE),
    "cartes/<slug:kind>/<slug:slug>.<slug:language>.png": Row("card", EVERYONE),
    "api/v1/": Row("none", NOBODY, NOBODY),
    "api/v1/openapi.json": Row("none", EVERYONE, EVERYONE),
    "api/v1/nodes": Row("none", EVERYONE),
    "api/v1/nodes/<uuidstr:node_id>/thread": Row("node", EVERYONE),
    "api/v1/plans": Row("none", EVERYONE),
    "api/v1/plans/<slug>": Row("plan", EVERYONE),
    "api/v1/commitments": Row("none", EVERYONE),
    "api/v1/commitments/<slug>": Row("commitment", EVERYONE),
    "api/v1/strategies": Row("none", EVERYONE),
    "api/v1/strategies/<slug>": Row("strategy", EVERYONE),
    "api/v1/strategies/<slug>/barometer": Row("strategy", EVERYONE),
    "api/v1/indicators/<slug>": Row("indicator", EVERYONE),
    "api/v1/pillars": Row("none", EVERYONE),
    "api/v1/committees": Row("none", EVERYONE),
    "api/v1/meetings": Row("none", EVERYONE),
    "api/v1/advice": Row("none", EVERYONE),
    "api/v1/evaluations": Row("none", EVERYONE),
    "api/v1/checklists/<plan>": Row("plan", EVERYONE),
    "api/v1/themes": Row("none", EVERYONE),
    "api/v1/datasets": Row("none", EVERYONE),
    "api/v1/datasets/<name>": Row("dataset", EVERYONE),
    "api/v1/datasets/<name>/rows": Row("dataset", EVERYONE),
    "api/v1/documents": Row("none", EVERYONE),
    "api/v1/documents/<name>": Row("document", EVERYONE),
    "api/v1/surveys/<slug>": Row("survey", EVERYONE),
    "api/v1/surveys/<slug>/results": Row("survey", NOBODY),
    "api/v1/surveys/<slug>/answers": Row("survey", None, EVERYONE),
    "api/v1/proposals/<slug>": Row("proposals", EVERYONE, EVERYONE),
    "api/v1/proposal/<uuidstr:pk>": Row("proposal_id", EVERYONE),
    "api/v1/proposal/<uuidstr:pk>/comments": Row("proposal_id", EVERYONE, EVERYONE),
    "api/v1/proposal/<uuidstr:pk>/support": Row("proposal_id", None, SIGNED, method="PUT"),
    "api/v1/proposal/<uuidstr:pk>/answer": Row(
        "proposal_id", None, RESPOND, method="PUT", body='{"status": "under_review"}'
    ),
    "api/v1/promises": Row("none", EVERYONE),
    "api/v1/promises/<name>": Row("promise", EVERYONE),
    "api/v1/moderation/rules": Row("none", EVERYONE),
    "api/v1/moderation/figures": Row("none", EVERYONE),
    "api/v1/moderation/decisions": Row("none", EVERYONE),
    "api/v1/moderation/reports": Row("none", None, EVERYONE),
}

# Without a CSRF token a POST is refused, but here: programs have no cookie to abuse, and the
# one-click unsubscribe of mail programs (RFC 8058) brings its own secret in the address, as does
# the link of a reader without an account.
WITHOUT_CSRF = frozenset({"review_secret", "unsubscribe"})

# What is not public, asked at its public address: who sees it. Others get 404 (410 once public).
STATES: list[tuple[str, str, frozenset[str]]] = [
    ("consultation", "draft_consultation", MANAGE),
    ("consultation_privacy", "draft_consultation", MANAGE),
    ("consultation_policy", "draft_consultation", MANAGE),
    ("consultation_history", "draft_consultation", MANAGE),
    ("consultation_embed", "draft_consultation", MANAGE),
    ("results", "draft_consultation", MANAGE),
    ("consultation_ics", "draft_consultation", NOBODY),
    ("consultation_cite", "draft_consultation", NOBODY),
    ("consultation_copy", "draft_consultation", NOBODY),
    ("survey", "draft_survey", MANAGE),
    ("survey_print", "draft_survey", MANAGE),
    ("proposals", "draft_proposals", MANAGE),
    ("proposal_new", "draft_proposals", NOBODY),
    ("plan", "draft_plan", COORDINATOR),
    ("plan_history", "draft_plan", COORDINATOR),
    ("plan_json", "draft_plan", COORDINATOR),
    ("plan_xlsx", "draft_plan", COORDINATOR),
    ("commitment", "draft_commitment", COORDINATOR),
    ("commitment_history", "draft_commitment", COORDINATOR),
    ("commitment_feed", "draft_commitment", NOBODY),
    ("strategy", "draft_strategy", COORDINATOR),
    ("strategy_history", "draft_strategy", COORDINATOR),
    ("barometer", "draft_strategy", COORDINATOR),
    ("barometer_csv", "draft_strategy", COORDINATOR),
    ("barometer_json", "draft_strategy", COORDINATOR),
    ("indicator", "draft_indicator", COORDINATOR),
    ("indicator_history", "draft_indicator", COORDINATOR),
    ("committee", "draft_committee", COORDINATOR),
    ("committee_history", "draft_committee", COORDINATOR),
    ("committee_meetings", "draft_committee", COORDINATOR),
    ("committee_feed", "draft_committee", NOBODY),
    ("advice_new", "draft_committee", COORDINATOR),
    ("cocreation", "draft_plan", NOBODY),
    ("cocreation_json", "draft_plan", NOBODY),
    ("cocreation_csv", "draft_plan", NOBODY),
    ("page", "draft_page", NOBODY),
    ("page_history", "draft_page", NOBODY),
    ("news", "draft_news", NOBODY),
    ("news_history", "draft_news", NOBODY),
    ("dataset", "draft_dataset", NOBODY),
    ("dataset_history", "draft_dataset", NOBODY),
    ("reuse", "waiting_reuse_slug", NOBODY),
    ("call", "draft_call", STAFF - {"elsewhere"}),
    ("document", "draft_document", NOBODY),
    ("document_history", "draft_document", NOBODY),
    ("follow", "draft_theme_id", NOBODY),
    ("node_feed", "draft_theme_id", NOBODY),
    ("node_feed", "answer_node", NOBODY),
    ("follow", "answer_node", NOBODY),
    ("report", "answer_node", NOBODY),
    ("report", "draft_theme_id", NOBODY),
]
MACHINE_STATES: list[tuple[str, str]] = [
    ("cartes/<slug:kind>/<slug:slug>.<slug:language>.png", "draft_card"),
    ("c/<slug:code>", "draft_short"),
    ("api/v1/nodes/<uuidstr:node_id>/thread", "draft_theme_id"),
    ("api/v1/nodes/<uuidstr:node_id>/thread", "answer_node"),
    ("api/v1/nodes/<uuidstr:node_id>/thread", "hidden_id"),
    ("api/v1/plans/<slug>", "draft_plan"),
    ("api/v1/commitments/<slug>", "draft_commitment"),
    ("api/v1/checklists/<plan>", "draft_plan"),
    ("api/v1/strategies/<slug>", "draft_strategy"),
    ("api/v1/strategies/<slug>/barometer", "draft_strategy"),
    ("api/v1/indicators/<slug>", "draft_indicator"),
    ("api/v1/datasets/<name>", "draft_dataset"),
    ("api/v1/datasets/<name>/rows", "draft_dataset"),
    ("api/v1/documents/<name>", "draft_document"),
    ("api/v1/surveys/<slug>", "draft_survey"),
    ("api/v1/proposals/<slug>", "draft_proposals"),
    ("api/v1/proposal/<uuidstr:pk>", "answer_node"),
]
