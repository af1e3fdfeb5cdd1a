"""Which chapter of the manual tells of which page, and of which section of a page."""

from __future__ import annotations

CHAPTER_OF_PAGE = {
    "studies": "studies-and-files",
    "study": "studies-and-files#the-editor",
    "study_version": "studies-and-files#the-editor",
    "tags": "studies-and-files#tags",
    "tag_study": "studies-and-files#tags",
    "examples": "studies-and-files",
    "example": "studies-and-files",
    "rename_study": "studies-and-files",
    "study_type": "studies-and-files",
    "study_versions": "versions",
    "compare_versions": "versions",
    "study_sharing": "sharing",
    "study_activity": "sharing#activity",
    "study_experiments": "running",
    "change_experiment": "running#settings",
    "personal_links": "running#personal-links",
    "study_data": "data",
    "study_session": "data",
    "data_requests": "data#downloads",
    "delete_data": "data#deleting-data",
    "data_retention": "data#automatic-deletion",
    "stored_data": "data#what-is-stored",
    "erase_participant": "data#erasing-one-participant",
    "messages": "account#messages",
    "settings": "account#settings",
    "dropbox_restore": "restore#restore-a-study",
    "api_reference": "programs",
    "edit_configuration": "administration#edit-configuration",
    "user_management": "administration#user-management",
    "new_user": "administration#user-management",
    "import_users": "administration#user-management",
    "act_as": "administration#user-management",
    "deactivate_and_hand_over": "administration#user-management",
    "audit_log": "administration#audit-log",
    "usage": "administration#usage",
    "edit_home_page": "administration#edit-homepage",
}
"""By the name of the page's address: a chapter, perhaps with the place in it."""
CHAPTER_OF_SECTION = {
    ("settings", "security"): "account#security-two-steps-and-where-you-are-logged-in",
    ("settings", "passkeys"): "account#passkeys",
    ("settings", "dropbox"): "dropbox#for-every-user-connect-your-dropbox",
    ("settings", "appearance"): "account#appearance-and-language",
    ("settings", "tokens"): "programs",
    ("edit_configuration", "dropbox"): "dropbox#for-administrators-enable-the-feature",
    ("edit_configuration", "mail"): "administration#email",
    ("edit_configuration", "limits"): "administration#limits",
}
"""By the name of the page's address and the section's anchor."""
