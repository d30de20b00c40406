"""What a freshly installed server holds. [observed] where not marked"""

from migrator.emulators.glpi.options import ACCOUNT_LIST_LIMIT, USER_TOKENS
from migrator.emulators.glpi.rights import OBSERVER, PROFILES, SELF_SERVICE, SUPER_ADMIN, TECHNICIAN
from migrator.emulators.glpi.store import Store

ROOT_ENTITY = {
    "id": 0, "name": "Root entity", "entities_id": None, "completename": "Root entity", "level": 1,
    "date_mod": None, "date_creation": None,
    "sons_cache": None, "ancestors_cache": None, "authldaps_id": 0, "cartridges_alert_repeat": 0,
    "consumables_alert_repeat": 0, "use_licenses_alert": 0, "send_licenses_alert_before_delay": 0,
    "use_certificates_alert": 0, "send_certificates_alert_before_delay": 0, "certificates_alert_repeat_interval": 0,
    "use_contracts_alert": 0, "send_contracts_alert_before_delay": 0, "use_infocoms_alert": 0,
    "send_infocoms_alert_before_delay": 0, "use_reservations_alert": 0, "use_domains_alert": 0,
    "send_domains_alert_close_expiries_delay": 30, "send_domains_alert_expired_delay": 1, "autoclose_delay": -10,
    "autopurge_delay": -10, "notclosed_delay": 0, "calendars_strategy": 0, "calendars_id": 0, "auto_assign_mode": -10,
    "tickettype": 1, "inquest_config": 1, "inquest_rate": 0, "inquest_delay": 0, "autofill_warranty_date": "0",
    "autofill_use_date": "0", "autofill_buy_date": "0", "autofill_delivery_date": "0", "autofill_order_date": "0",
    "tickettemplates_strategy": 0, "tickettemplates_id": 1, "changetemplates_strategy": 0, "changetemplates_id": 1,
    "problemtemplates_strategy": 0, "problemtemplates_id": 1, "entities_strategy_software": -10,
    "entities_id_software": -10, "default_contract_alert": 0, "default_infocom_alert": 0,
    "default_cartridges_alarm_threshold": 10, "default_consumables_alarm_threshold": 10, "delay_send_emails": 0,
    "is_notif_enable_default": 1, "inquest_duration": 0, "autofill_decommission_date": "0", "suppliers_as_private": 0,
    "anonymize_support_agents": 0, "display_users_initials": 1, "contracts_strategy_default": 0,
    "contracts_id_default": 0, "enable_custom_css": 0, "custom_css_code": "", "transfers_strategy": 0,
    "transfers_id": 0,
}  # fmt: skip

ACCOUNTS = (
    (2, "glpi", SUPER_ADMIN), (3, "post-only", SELF_SERVICE), (4, "tech", TECHNICIAN), (5, "normal", OBSERVER),
)  # fmt: skip
"""Id, login (the password is the same word, as shipped) and profile of the accounts that the installer makes."""

REQUEST_TYPES = ("Helpdesk", "E-Mail", "Phone", "Direct", "Written", "Other")

EXTENSIONS = [
    "jpg",
    "jpeg",
    "png",
    "gif",
    "bmp",
    "psd",
    "tif",
    "aiff",
    "asf",
    "avi",
    "mid",
    "mov",
    "mp3",
    "mpg",
    "ogg",
    "qt",
    "ram",
    "rm",
    "wav",
    "wmv",
    "pdf",
    "ai",
    "eps",
    "ps",
    "tar",
    "tex",
    "tgz",
    "zip",
    "bz2",
    "gz",
    "c",
    "csv",
    "deb",
    "doc",
    "docx",
    "dot",
    "h",
    "html",
    "htm",
    "jar",
    "pas",
    "ppt",
    "pptx",
    "rpm",
    "rtf",
    "svg",
    "txt",
    "xcf",
    "xls",
    "xlsx",
    "xml",
    "odb",
    "odc",
    "odf",
    "odg",
    "odi",
    "odm",
    "odp",
    "ods",
    "odt",
    "otg",
    "oth",
    "otp",
    "ots",
    "ott",
    "7z",
    "vsd",
    "vsdx",
    "json",
    "webp",
    "log",
    "eml",
]
"""Extensions that may be uploaded; that there are 72 types is [observed], which ones is [assumption]."""


def install(store: Store) -> None:
    """Fill an empty store."""
    store.add("Entity", **ROOT_ENTITY)
    store.table("Entity").last_id = 0
    undated = {"date_creation": None, "date_mod": None}
    for number in sorted(PROFILES):
        interface = "helpdesk" if number == SELF_SERVICE else "central"
        more = {"is_default": int(number == SELF_SERVICE), "helpdesk_hardware": 3, "comment": "", **undated}
        store.add("Profile", id=number, name=PROFILES[number], interface=interface, **more)
    for number, login, profile in ACCOUNTS:
        _account(store, number, login, profile)
    store.add(
        "User", id=6, name="glpi-system", realname="Support", list_limit=None, authtype=1, is_active=1, **undated
    )
    store.add("Profile_User", users_id=6, profiles_id=SUPER_ADMIN, entities_id=0, is_recursive=1)
    for number, name in enumerate(REQUEST_TYPES, 1):
        store.add("RequestType", name=name, is_helpdesk_default=int(number == 1))
    store.add("SoftwareCategory", name="Software in registry", completename="Software in registry", level=1)
    for extension in EXTENSIONS:
        store.add("DocumentType", name=extension.upper(), ext=extension)


def _account(store: Store, number: int, login: str, profile: int) -> None:
    more = {"highcontrast_css": None, "default_central_tab": None} if number == 2 else {"language": "en_GB"}
    store.add(
        "User", id=number, name=login, password=login, list_limit=ACCOUNT_LIST_LIMIT, authtype=1, is_active=1,
        api_token=USER_TOKENS[login], api_token_date=store.now(), date_creation=None,
        date_mod=store.now() if number == 2 else None, **more,
    )  # fmt: skip
    store.add("Profile_User", users_id=number, profiles_id=profile, entities_id=0, is_recursive=1)
