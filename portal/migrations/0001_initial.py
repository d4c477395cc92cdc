"""The schema of the first release: plain statements, independent of what the models become later."""

SCHEMA = (
    """
    CREATE TABLE "article" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "key" VARCHAR(60) NOT NULL,
        "province" VARCHAR(20) NOT NULL,
        "title" VARCHAR(120) NOT NULL,
        "body" TEXT NOT NULL
    )
    """,
    'CREATE UNIQUE INDEX "article_key_province" ON "article" ("key", "province")',
    """
    CREATE TABLE "calendar_year" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "year" INTEGER NOT NULL,
        "source" VARCHAR(120) NOT NULL,
        "loaded_at" DATETIME NOT NULL
    )
    """,
    'CREATE UNIQUE INDEX "calendar_year_year" ON "calendar_year" ("year")',
    """
    CREATE TABLE "region" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "code" VARCHAR(12) NOT NULL,
        "name" VARCHAR(60) NOT NULL,
        "level" VARCHAR(10) NOT NULL,
        "parent_id" INTEGER,
        "filing_code" VARCHAR(2),
        "province" VARCHAR(20) NOT NULL,
        "active" INTEGER NOT NULL,
        FOREIGN KEY ("parent_id") REFERENCES "region" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE UNIQUE INDEX "region_code" ON "region" ("code")',
    'CREATE INDEX "region_parent_id" ON "region" ("parent_id")',
    'CREATE INDEX "region_province" ON "region" ("province")',
    """
    CREATE TABLE "organisation" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "name" VARCHAR(200) NOT NULL,
        "usci" VARCHAR(18),
        "kind" VARCHAR(20) NOT NULL,
        "businesses" TEXT NOT NULL,
        "category" VARCHAR(40) NOT NULL,
        "unit_kind" VARCHAR(10) NOT NULL,
        "region_id" INTEGER,
        "allowed_regions" TEXT NOT NULL,
        "address" VARCHAR(200) NOT NULL,
        "registrar" VARCHAR(100) NOT NULL,
        "nature" VARCHAR(40) NOT NULL,
        "legal_representative" VARCHAR(60) NOT NULL,
        "capital" VARCHAR(60) NOT NULL,
        "contact" TEXT NOT NULL,
        "province" VARCHAR(20) NOT NULL,
        "active" INTEGER NOT NULL,
        FOREIGN KEY ("region_id") REFERENCES "region" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE UNIQUE INDEX "organisation_name" ON "organisation" ("name")',
    'CREATE UNIQUE INDEX "organisation_usci" ON "organisation" ("usci")',
    'CREATE INDEX "organisation_region_id" ON "organisation" ("region_id")',
    'CREATE INDEX "organisation_province" ON "organisation" ("province")',
    """
    CREATE TABLE "office" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "name" VARCHAR(120) NOT NULL,
        "level" VARCHAR(10) NOT NULL,
        "body" VARCHAR(12) NOT NULL,
        "region_id" INTEGER,
        "organisation_id" INTEGER,
        "province" VARCHAR(20) NOT NULL,
        "notice_word" VARCHAR(30) NOT NULL,
        "address" VARCHAR(200) NOT NULL,
        "contacts" TEXT NOT NULL,
        "needs_second_look" INTEGER NOT NULL,
        "note" TEXT NOT NULL,
        "active" INTEGER NOT NULL,
        FOREIGN KEY ("region_id") REFERENCES "region" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("organisation_id") REFERENCES "organisation" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "office_region_id" ON "office" ("region_id")',
    'CREATE UNIQUE INDEX "office_organisation_id" ON "office" ("organisation_id")',
    'CREATE INDEX "office_province" ON "office" ("province")',
    'CREATE INDEX "office_province_level_body" ON "office" ("province", "level", "body")',
    """
    CREATE TABLE "user" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "login" VARCHAR(60) NOT NULL,
        "name" VARCHAR(60) NOT NULL,
        "password_hash" VARCHAR(255) NOT NULL,
        "phone" VARCHAR(30) NOT NULL,
        "active" INTEGER NOT NULL,
        "must_change" INTEGER NOT NULL,
        "password_set_at" DATETIME,
        "created_at" DATETIME NOT NULL
    )
    """,
    'CREATE UNIQUE INDEX "user_login" ON "user" ("login")',
    """
    CREATE TABLE "file_version" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "owner" VARCHAR(40) NOT NULL,
        "slot" VARCHAR(60) NOT NULL,
        "version" INTEGER NOT NULL,
        "path" VARCHAR(200) NOT NULL,
        "sha256" VARCHAR(64) NOT NULL,
        "size" INTEGER NOT NULL,
        "mime" VARCHAR(60) NOT NULL,
        "pages" INTEGER NOT NULL,
        "name" VARCHAR(200) NOT NULL,
        "by_id" INTEGER,
        "at" DATETIME NOT NULL,
        "removed_at" DATETIME,
        FOREIGN KEY ("by_id") REFERENCES "user" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE UNIQUE INDEX "file_version_path" ON "file_version" ("path")',
    'CREATE INDEX "file_version_by_id" ON "file_version" ("by_id")',
    'CREATE UNIQUE INDEX "file_version_owner_slot_version" ON "file_version" ("owner", "slot", "version")',
    """
    CREATE TABLE "person" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "user_id" INTEGER,
        "name" VARCHAR(60) NOT NULL,
        "id_type" VARCHAR(3) NOT NULL,
        "id_number" VARCHAR(30) NOT NULL,
        "sex" VARCHAR(1) NOT NULL,
        "birth" DATE,
        "education" VARCHAR(20) NOT NULL,
        "position" VARCHAR(60) NOT NULL,
        "phone" VARCHAR(30) NOT NULL,
        "address" VARCHAR(200) NOT NULL,
        "organisation_id" INTEGER,
        "employer_id" INTEGER,
        "employer_name" VARCHAR(200) NOT NULL,
        "exam_region_id" INTEGER,
        "portrait_id" INTEGER,
        "province" VARCHAR(20) NOT NULL,
        "declared_at" DATETIME,
        "saved_at" DATETIME,
        "merged_into_id" INTEGER,
        "created_at" DATETIME NOT NULL,
        FOREIGN KEY ("user_id") REFERENCES "user" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("organisation_id") REFERENCES "organisation" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("employer_id") REFERENCES "organisation" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("exam_region_id") REFERENCES "region" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("portrait_id") REFERENCES "file_version" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("merged_into_id") REFERENCES "person" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE UNIQUE INDEX "person_user_id" ON "person" ("user_id")',
    'CREATE INDEX "person_organisation_id" ON "person" ("organisation_id")',
    'CREATE INDEX "person_employer_id" ON "person" ("employer_id")',
    'CREATE INDEX "person_exam_region_id" ON "person" ("exam_region_id")',
    'CREATE INDEX "person_portrait_id" ON "person" ("portrait_id")',
    'CREATE INDEX "person_province" ON "person" ("province")',
    'CREATE INDEX "person_merged_into_id" ON "person" ("merged_into_id")',
    'CREATE UNIQUE INDEX "person_id_type_id_number" ON "person" ("id_type", "id_number")',
    'CREATE INDEX "person_name" ON "person" ("name")',
    'CREATE INDEX "person_phone" ON "person" ("phone")',
    """
    CREATE TABLE "plan" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "office_id" INTEGER NOT NULL,
        "province" VARCHAR(20) NOT NULL,
        "batch_no" VARCHAR(40),
        "name" VARCHAR(200) NOT NULL,
        "grade" VARCHAR(20) NOT NULL,
        "kind" VARCHAR(12) NOT NULL,
        "regions" TEXT NOT NULL,
        "audience" TEXT NOT NULL,
        "audience_kinds" TEXT NOT NULL,
        "org_states" TEXT NOT NULL,
        "classes" TEXT NOT NULL,
        "edition" VARCHAR(8) NOT NULL,
        "occupations_from_filing" INTEGER NOT NULL,
        "opens_on" DATE,
        "opens_time" TIME,
        "closes_on" DATE,
        "closes_time" TIME,
        "study_from" DATE,
        "study_to" DATE,
        "training_from" DATE,
        "training_to" DATE,
        "exam_starts_at" DATETIME,
        "exam_ends_at" DATETIME,
        "review_by" TEXT NOT NULL,
        "mode" VARCHAR(12) NOT NULL,
        "contents" TEXT NOT NULL,
        "minutes" INTEGER,
        "class_hours" INTEGER,
        "pass_mark" DECIMAL(5, 1),
        "attempts" INTEGER,
        "assessments" TEXT NOT NULL,
        "conditions_text" TEXT NOT NULL,
        "credential_text" TEXT NOT NULL,
        "links" TEXT NOT NULL,
        "groups" TEXT NOT NULL,
        "contacts" TEXT NOT NULL,
        "registrations_per_person" INTEGER NOT NULL,
        "require_stamped_form" INTEGER NOT NULL,
        "state" VARCHAR(12) NOT NULL,
        "published_at" DATETIME,
        "closed_at" DATETIME,
        "created_at" DATETIME NOT NULL,
        "version" INTEGER NOT NULL,
        FOREIGN KEY ("office_id") REFERENCES "office" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "plan_office_id" ON "plan" ("office_id")',
    'CREATE INDEX "plan_province" ON "plan" ("province")',
    'CREATE UNIQUE INDEX "plan_batch_no" ON "plan" ("batch_no")',
    """
    CREATE TABLE "case" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "kind" VARCHAR(20) NOT NULL,
        "state" VARCHAR(20) NOT NULL,
        "version" INTEGER NOT NULL,
        "position" INTEGER NOT NULL,
        "office_id" INTEGER,
        "organisation_id" INTEGER,
        "person_id" INTEGER,
        "plan_id" INTEGER,
        "province" VARCHAR(20) NOT NULL,
        "number" VARCHAR(40),
        "title" VARCHAR(200) NOT NULL,
        "due_on" DATE NOT NULL,
        "paused_on" DATE,
        "arrived_at" DATETIME,
        "claimed_by_id" INTEGER,
        "claimed_until" DATETIME,
        "created_at" DATETIME NOT NULL,
        "submitted_at" DATETIME,
        FOREIGN KEY ("office_id") REFERENCES "office" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("organisation_id") REFERENCES "organisation" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("plan_id") REFERENCES "plan" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("claimed_by_id") REFERENCES "user" ("id") ON DELETE SET NULL
    )
    """,
    'CREATE INDEX "case_office_id" ON "case" ("office_id")',
    'CREATE INDEX "case_organisation_id" ON "case" ("organisation_id")',
    'CREATE INDEX "case_person_id" ON "case" ("person_id")',
    'CREATE INDEX "case_plan_id" ON "case" ("plan_id")',
    'CREATE UNIQUE INDEX "case_number" ON "case" ("number")',
    'CREATE INDEX "case_claimed_by_id" ON "case" ("claimed_by_id")',
    'CREATE INDEX "case_office_id_state_due_on_id" ON "case" ("office_id", "state", "due_on", "id")',
    """CREATE INDEX "case_office_id_state_plan_id_due_on_id"
    ON "case" ("office_id", "state", "plan_id", "due_on", "id")""",
    """CREATE INDEX "case_office_id_state_organisation_id_due_on_id"
    ON "case" ("office_id", "state", "organisation_id", "due_on", "id")""",
    'CREATE INDEX "case_plan_id_state" ON "case" ("plan_id", "state")',
    """
    CREATE TABLE "correction" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "case_id" INTEGER NOT NULL,
        "number" VARCHAR(60) NOT NULL,
        "submission" INTEGER NOT NULL,
        "office_id" INTEGER NOT NULL,
        "items" TEXT NOT NULL,
        "reason" TEXT NOT NULL,
        "second_reason" TEXT NOT NULL,
        "due_on" DATE,
        "at" DATETIME NOT NULL,
        "withdrawn_at" DATETIME,
        "answered_at" DATETIME,
        FOREIGN KEY ("case_id") REFERENCES "case" ("id") ON DELETE CASCADE,
        FOREIGN KEY ("office_id") REFERENCES "office" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "correction_case_id" ON "correction" ("case_id")',
    'CREATE UNIQUE INDEX "correction_number" ON "correction" ("number")',
    'CREATE INDEX "correction_office_id" ON "correction" ("office_id")',
    """
    CREATE TABLE "counter" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "name" VARCHAR(120) NOT NULL,
        "last" INTEGER NOT NULL
    )
    """,
    'CREATE UNIQUE INDEX "counter_name" ON "counter" ("name")',
    """
    CREATE TABLE "document_log" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "kind" VARCHAR(40) NOT NULL,
        "subject" VARCHAR(60) NOT NULL,
        "number" VARCHAR(60) NOT NULL,
        "user_id" INTEGER,
        "name" VARCHAR(60) NOT NULL,
        "at" DATETIME NOT NULL,
        "sha256" VARCHAR(64) NOT NULL,
        "address" VARCHAR(45) NOT NULL,
        FOREIGN KEY ("user_id") REFERENCES "user" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "document_log_user_id" ON "document_log" ("user_id")',
    'CREATE INDEX "document_log_subject_id" ON "document_log" ("subject", "id")',
    """
    CREATE TABLE "event" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "at" DATETIME NOT NULL,
        "case_id" INTEGER,
        "subject" VARCHAR(60) NOT NULL,
        "action" VARCHAR(40) NOT NULL,
        "label" VARCHAR(60) NOT NULL,
        "user_id" INTEGER,
        "name" VARCHAR(60) NOT NULL,
        "seat" VARCHAR(1) NOT NULL,
        "office_id" INTEGER,
        "body" VARCHAR(120) NOT NULL,
        "on_behalf" VARCHAR(120) NOT NULL,
        "deputy_for" VARCHAR(60) NOT NULL,
        "before" VARCHAR(60) NOT NULL,
        "after" VARCHAR(60) NOT NULL,
        "note" TEXT NOT NULL,
        "data" TEXT NOT NULL,
        "address" VARCHAR(45) NOT NULL,
        "previous" VARCHAR(64) NOT NULL,
        "hash" VARCHAR(64) NOT NULL,
        FOREIGN KEY ("case_id") REFERENCES "case" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("user_id") REFERENCES "user" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("office_id") REFERENCES "office" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "event_case_id" ON "event" ("case_id")',
    'CREATE INDEX "event_user_id" ON "event" ("user_id")',
    'CREATE INDEX "event_office_id" ON "event" ("office_id")',
    'CREATE INDEX "event_case_id_id" ON "event" ("case_id", "id")',
    'CREATE INDEX "event_subject_id" ON "event" ("subject", "id")',
    'CREATE INDEX "event_user_id_at" ON "event" ("user_id", "at")',
    """
    CREATE TABLE "filing" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "organisation_id" INTEGER NOT NULL,
        "state" VARCHAR(20) NOT NULL,
        "code" VARCHAR(30),
        "submitted_on" DATE,
        "starts_on" DATE,
        "ends_on" DATE,
        FOREIGN KEY ("organisation_id") REFERENCES "organisation" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "filing_organisation_id" ON "filing" ("organisation_id")',
    'CREATE UNIQUE INDEX "filing_code" ON "filing" ("code")',
    """
    CREATE TABLE "grant" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "user_id" INTEGER NOT NULL,
        "office_id" INTEGER,
        "seat" VARCHAR(1) NOT NULL,
        "starts_on" DATE,
        "ends_on" DATE,
        "deputy_for_id" INTEGER,
        "granted_by_id" INTEGER,
        "granted_at" DATETIME NOT NULL,
        FOREIGN KEY ("user_id") REFERENCES "user" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("office_id") REFERENCES "office" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("deputy_for_id") REFERENCES "grant" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("granted_by_id") REFERENCES "user" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "grant_user_id" ON "grant" ("user_id")',
    'CREATE INDEX "grant_office_id" ON "grant" ("office_id")',
    'CREATE INDEX "grant_deputy_for_id" ON "grant" ("deputy_for_id")',
    'CREATE INDEX "grant_granted_by_id" ON "grant" ("granted_by_id")',
    """
    CREATE TABLE "held_qualification" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "person_id" INTEGER NOT NULL,
        "kind" VARCHAR(20) NOT NULL,
        "occupation_code" VARCHAR(20) NOT NULL,
        "occupation_name" VARCHAR(120) NOT NULL,
        "job" VARCHAR(120) NOT NULL,
        "level" INTEGER,
        "grade" VARCHAR(20) NOT NULL,
        "number" VARCHAR(60) NOT NULL,
        "issuer" VARCHAR(120) NOT NULL,
        "issued_on" DATE,
        "valid_to" DATE,
        "material_kind" VARCHAR(40) NOT NULL,
        "confirmed_by" VARCHAR(120) NOT NULL,
        "removed_at" DATETIME,
        FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE CASCADE
    )
    """,
    'CREATE INDEX "held_qualification_person_id" ON "held_qualification" ("person_id")',
    """
    CREATE TABLE "import_report" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "kind" VARCHAR(30) NOT NULL,
        "name" VARCHAR(200) NOT NULL,
        "user_id" INTEGER,
        "at" DATETIME NOT NULL,
        "accepted" INTEGER NOT NULL,
        "refused" INTEGER NOT NULL,
        "errors" TEXT NOT NULL,
        "workbook" BLOB,
        "stored" INTEGER NOT NULL,
        FOREIGN KEY ("user_id") REFERENCES "user" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "import_report_user_id" ON "import_report" ("user_id")',
    """
    CREATE TABLE "job" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "kind" VARCHAR(30) NOT NULL,
        "data" TEXT NOT NULL,
        "state" VARCHAR(12) NOT NULL,
        "total" INTEGER NOT NULL,
        "done" INTEGER NOT NULL,
        "result" TEXT NOT NULL,
        "message" VARCHAR(300) NOT NULL,
        "user_id" INTEGER,
        "created_at" DATETIME NOT NULL,
        "leased_until" DATETIME,
        "finished_at" DATETIME,
        FOREIGN KEY ("user_id") REFERENCES "user" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "job_user_id" ON "job" ("user_id")',
    'CREATE INDEX "job_state_id" ON "job" ("state", "id")',
    """
    CREATE TABLE "liaison" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "organisation_id" INTEGER NOT NULL,
        "name" VARCHAR(60) NOT NULL,
        "phone" VARCHAR(30) NOT NULL,
        "active" INTEGER NOT NULL,
        "since" DATETIME NOT NULL,
        FOREIGN KEY ("organisation_id") REFERENCES "organisation" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "liaison_organisation_id" ON "liaison" ("organisation_id")',
    """
    CREATE TABLE "login_attempt" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "key" VARCHAR(120) NOT NULL,
        "at" DATETIME NOT NULL
    )
    """,
    'CREATE INDEX "login_attempt_key_at" ON "login_attempt" ("key", "at")',
    """
    CREATE TABLE "login_session" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "token" VARCHAR(64) NOT NULL,
        "user_id" INTEGER NOT NULL,
        "grant_id" INTEGER,
        "created_at" DATETIME NOT NULL,
        "ended_at" DATETIME,
        "address" VARCHAR(45) NOT NULL,
        "agent" VARCHAR(200) NOT NULL,
        FOREIGN KEY ("user_id") REFERENCES "user" ("id") ON DELETE CASCADE,
        FOREIGN KEY ("grant_id") REFERENCES "grant" ("id") ON DELETE SET NULL
    )
    """,
    'CREATE UNIQUE INDEX "login_session_token" ON "login_session" ("token")',
    'CREATE INDEX "login_session_user_id" ON "login_session" ("user_id")',
    'CREATE INDEX "login_session_grant_id" ON "login_session" ("grant_id")',
    """
    CREATE TABLE "membership" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "association_id" INTEGER NOT NULL,
        "member_id" INTEGER NOT NULL,
        "since" DATE,
        FOREIGN KEY ("association_id") REFERENCES "organisation" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("member_id") REFERENCES "organisation" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "membership_association_id" ON "membership" ("association_id")',
    'CREATE INDEX "membership_member_id" ON "membership" ("member_id")',
    'CREATE UNIQUE INDEX "membership_association_id_member_id" ON "membership" ("association_id", "member_id")',
    """
    CREATE TABLE "message" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "user_id" INTEGER NOT NULL,
        "case_id" INTEGER,
        "kind" VARCHAR(30) NOT NULL,
        "text" TEXT NOT NULL,
        "link" VARCHAR(200) NOT NULL,
        "at" DATETIME NOT NULL,
        "read_at" DATETIME,
        "dedupe" VARCHAR(120),
        FOREIGN KEY ("user_id") REFERENCES "user" ("id") ON DELETE CASCADE,
        FOREIGN KEY ("case_id") REFERENCES "case" ("id") ON DELETE CASCADE
    )
    """,
    'CREATE INDEX "message_user_id" ON "message" ("user_id")',
    'CREATE INDEX "message_case_id" ON "message" ("case_id")',
    'CREATE UNIQUE INDEX "message_dedupe" ON "message" ("dedupe")',
    'CREATE INDEX "message_user_id_read_at" ON "message" ("user_id", "read_at")',
    'CREATE INDEX "message_user_id_id" ON "message" ("user_id", "id")',
    """
    CREATE TABLE "notice" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "office_id" INTEGER NOT NULL,
        "province" VARCHAR(20) NOT NULL,
        "plan_id" INTEGER,
        "forward_of_id" INTEGER,
        "issuer" VARCHAR(120) NOT NULL,
        "number" VARCHAR(60),
        "title" VARCHAR(300) NOT NULL,
        "addressees" VARCHAR(500) NOT NULL,
        "recipient_groups" TEXT NOT NULL,
        "purpose" TEXT NOT NULL,
        "basis" TEXT NOT NULL,
        "announcement" TEXT NOT NULL,
        "body" TEXT NOT NULL,
        "contacts" TEXT NOT NULL,
        "signature" VARCHAR(120) NOT NULL,
        "signed_on" DATE,
        "printed_by" VARCHAR(120) NOT NULL,
        "printed_on" DATE,
        "copy_to" VARCHAR(300) NOT NULL,
        "copy_groups" TEXT NOT NULL,
        "keywords" VARCHAR(200) NOT NULL,
        "is_public" INTEGER NOT NULL,
        "pinned" INTEGER NOT NULL,
        "opens_on" DATE,
        "closes_on" DATE,
        "closes_time" TIME,
        "mailbox" VARCHAR(120) NOT NULL,
        "occupations" TEXT NOT NULL,
        "wants_table" INTEGER NOT NULL,
        "state" VARCHAR(12) NOT NULL,
        "published_at" DATETIME,
        "created_by_id" INTEGER,
        "created_at" DATETIME NOT NULL,
        "version" INTEGER NOT NULL,
        FOREIGN KEY ("office_id") REFERENCES "office" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("plan_id") REFERENCES "plan" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("forward_of_id") REFERENCES "notice" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("created_by_id") REFERENCES "user" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "notice_office_id" ON "notice" ("office_id")',
    'CREATE INDEX "notice_province" ON "notice" ("province")',
    'CREATE INDEX "notice_plan_id" ON "notice" ("plan_id")',
    'CREATE INDEX "notice_forward_of_id" ON "notice" ("forward_of_id")',
    'CREATE UNIQUE INDEX "notice_number" ON "notice" ("number")',
    'CREATE INDEX "notice_created_by_id" ON "notice" ("created_by_id")',
    """
    CREATE TABLE "notice_attachment" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "notice_id" INTEGER NOT NULL,
        "position" INTEGER NOT NULL,
        "title" VARCHAR(200) NOT NULL,
        "builtin" VARCHAR(12) NOT NULL,
        "file_id" INTEGER,
        FOREIGN KEY ("notice_id") REFERENCES "notice" ("id") ON DELETE CASCADE,
        FOREIGN KEY ("file_id") REFERENCES "file_version" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "notice_attachment_notice_id" ON "notice_attachment" ("notice_id")',
    'CREATE INDEX "notice_attachment_file_id" ON "notice_attachment" ("file_id")',
    """
    CREATE TABLE "notice_recipient" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "notice_id" INTEGER NOT NULL,
        "office_id" INTEGER NOT NULL,
        "is_copy" INTEGER NOT NULL,
        FOREIGN KEY ("notice_id") REFERENCES "notice" ("id") ON DELETE CASCADE,
        FOREIGN KEY ("office_id") REFERENCES "office" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "notice_recipient_notice_id" ON "notice_recipient" ("notice_id")',
    'CREATE INDEX "notice_recipient_office_id" ON "notice_recipient" ("office_id")',
    'CREATE UNIQUE INDEX "notice_recipient_notice_id_office_id" ON "notice_recipient" ("notice_id", "office_id")',
    """
    CREATE TABLE "occupation" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "edition" VARCHAR(8) NOT NULL,
        "code" VARCHAR(20) NOT NULL,
        "name" VARCHAR(120) NOT NULL,
        "job" VARCHAR(120) NOT NULL,
        "klass" VARCHAR(1) NOT NULL,
        "barrier" INTEGER NOT NULL,
        "in_2015" INTEGER NOT NULL,
        "new" INTEGER NOT NULL,
        "has_standard" INTEGER NOT NULL,
        "common" INTEGER NOT NULL,
        "levels" VARCHAR(20) NOT NULL,
        "active" INTEGER NOT NULL
    )
    """,
    'CREATE INDEX "occupation_name" ON "occupation" ("name")',
    'CREATE UNIQUE INDEX "occupation_edition_code_job" ON "occupation" ("edition", "code", "job")',
    """
    CREATE TABLE "occupation_alias" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "name" VARCHAR(120) NOT NULL,
        "code" VARCHAR(20) NOT NULL,
        "same_as" VARCHAR(20) NOT NULL
    )
    """,
    'CREATE UNIQUE INDEX "occupation_alias_name_code" ON "occupation_alias" ("name", "code")',
    """
    CREATE TABLE "registration" (
        "case_id" INTEGER NOT NULL PRIMARY KEY,
        "plan_id" INTEGER NOT NULL,
        "person_id" INTEGER NOT NULL,
        "organisation_id" INTEGER NOT NULL,
        "employer_name" VARCHAR(200) NOT NULL,
        "reviewer_id" INTEGER,
        "occupation_id" INTEGER,
        "data" TEXT NOT NULL,
        "results" TEXT NOT NULL,
        "waivers" TEXT NOT NULL,
        "confirmed_by_unit" TEXT,
        "form_version" INTEGER NOT NULL,
        "form_hash" VARCHAR(64) NOT NULL,
        "stamped_form_id" INTEGER,
        "stamped_version" INTEGER NOT NULL,
        "stamp_exception" TEXT,
        "declared_at" DATETIME,
        "extended_to" DATE,
        "extended_by" VARCHAR(120) NOT NULL,
        "group_joined_at" DATETIME,
        "live_key" VARCHAR(60),
        FOREIGN KEY ("case_id") REFERENCES "case" ("id") ON DELETE CASCADE,
        FOREIGN KEY ("plan_id") REFERENCES "plan" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("organisation_id") REFERENCES "organisation" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("reviewer_id") REFERENCES "organisation" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("occupation_id") REFERENCES "occupation" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("stamped_form_id") REFERENCES "file_version" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "registration_plan_id" ON "registration" ("plan_id")',
    'CREATE INDEX "registration_person_id" ON "registration" ("person_id")',
    'CREATE INDEX "registration_organisation_id" ON "registration" ("organisation_id")',
    'CREATE INDEX "registration_reviewer_id" ON "registration" ("reviewer_id")',
    'CREATE INDEX "registration_occupation_id" ON "registration" ("occupation_id")',
    'CREATE INDEX "registration_stamped_form_id" ON "registration" ("stamped_form_id")',
    'CREATE UNIQUE INDEX "registration_live_key" ON "registration" ("live_key")',
    """
    CREATE TABLE "platform_account" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "registration_id" INTEGER NOT NULL,
        "login" VARCHAR(80) NOT NULL,
        "password" VARCHAR(80) NOT NULL,
        "note" VARCHAR(200) NOT NULL,
        "allotted_at" DATETIME NOT NULL,
        FOREIGN KEY ("registration_id") REFERENCES "registration" ("case_id") ON DELETE CASCADE
    )
    """,
    'CREATE UNIQUE INDEX "platform_account_registration_id" ON "platform_account" ("registration_id")',
    """
    CREATE TABLE "reason" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "kind" VARCHAR(20) NOT NULL,
        "text" VARCHAR(300) NOT NULL,
        "province" VARCHAR(20) NOT NULL,
        "position" INTEGER NOT NULL,
        "active" INTEGER NOT NULL
    )
    """,
    'CREATE INDEX "reason_province" ON "reason" ("province")',
    'CREATE UNIQUE INDEX "reason_province_kind_text" ON "reason" ("province", "kind", "text")',
    """
    CREATE TABLE "recommendation" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "notice_id" INTEGER NOT NULL,
        "organisation_id" INTEGER NOT NULL,
        "rows" TEXT NOT NULL,
        "submitted_at" DATETIME,
        "late" INTEGER NOT NULL,
        "version" INTEGER NOT NULL,
        FOREIGN KEY ("notice_id") REFERENCES "notice" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("organisation_id") REFERENCES "organisation" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "recommendation_notice_id" ON "recommendation" ("notice_id")',
    'CREATE INDEX "recommendation_organisation_id" ON "recommendation" ("organisation_id")',
    """CREATE UNIQUE INDEX "recommendation_notice_id_organisation_id"
    ON "recommendation" ("notice_id", "organisation_id")""",
    """
    CREATE TABLE "registered_certificate" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "number" VARCHAR(60) NOT NULL,
        "name" VARCHAR(60) NOT NULL,
        "id_number" VARCHAR(30) NOT NULL,
        "kind" VARCHAR(20) NOT NULL,
        "occupation_name" VARCHAR(120) NOT NULL,
        "level" INTEGER,
        "grade" VARCHAR(20) NOT NULL,
        "issuer" VARCHAR(120) NOT NULL,
        "issued_on" DATE,
        "source" VARCHAR(120) NOT NULL
    )
    """,
    """CREATE UNIQUE INDEX "registered_certificate_number_id_number"
    ON "registered_certificate" ("number", "id_number")""",
    """
    CREATE TABLE "reset_code" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "user_id" INTEGER NOT NULL,
        "code_hash" VARCHAR(64) NOT NULL,
        "issued_by_id" INTEGER,
        "issued_at" DATETIME NOT NULL,
        "expires_at" DATETIME NOT NULL,
        "used_at" DATETIME,
        "tries" INTEGER NOT NULL,
        FOREIGN KEY ("user_id") REFERENCES "user" ("id") ON DELETE CASCADE,
        FOREIGN KEY ("issued_by_id") REFERENCES "user" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "reset_code_user_id" ON "reset_code" ("user_id")',
    'CREATE INDEX "reset_code_issued_by_id" ON "reset_code" ("issued_by_id")',
    """
    CREATE TABLE "scope_line" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "filing_id" INTEGER NOT NULL,
        "occupation_id" INTEGER NOT NULL,
        "levels" VARCHAR(20) NOT NULL,
        "served" VARCHAR(40) NOT NULL,
        "starts_on" DATE,
        "ends_on" DATE,
        FOREIGN KEY ("filing_id") REFERENCES "filing" ("id") ON DELETE CASCADE,
        FOREIGN KEY ("occupation_id") REFERENCES "occupation" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "scope_line_filing_id" ON "scope_line" ("filing_id")',
    'CREATE INDEX "scope_line_occupation_id" ON "scope_line" ("occupation_id")',
    'CREATE UNIQUE INDEX "scope_line_filing_id_occupation_id" ON "scope_line" ("filing_id", "occupation_id")',
    """
    CREATE TABLE "sent_form" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "token" VARCHAR(64) NOT NULL,
        "user_id" INTEGER,
        "place" VARCHAR(300) NOT NULL,
        "at" DATETIME NOT NULL,
        FOREIGN KEY ("user_id") REFERENCES "user" ("id") ON DELETE CASCADE
    )
    """,
    'CREATE UNIQUE INDEX "sent_form_token" ON "sent_form" ("token")',
    'CREATE INDEX "sent_form_user_id" ON "sent_form" ("user_id")',
    """
    CREATE TABLE "setting" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "key" VARCHAR(60) NOT NULL,
        "province" VARCHAR(20) NOT NULL,
        "value" TEXT NOT NULL
    )
    """,
    'CREATE UNIQUE INDEX "setting_key_province" ON "setting" ("key", "province")',
    """
    CREATE TABLE "step" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "case_id" INTEGER NOT NULL,
        "position" INTEGER NOT NULL,
        "seat" VARCHAR(1) NOT NULL,
        "office_id" INTEGER NOT NULL,
        "reached_at" DATETIME,
        "due_on" DATE,
        "days_left" INTEGER,
        "outcome" VARCHAR(12),
        "decided_at" DATETIME,
        "decided_by_id" INTEGER,
        "seen" INTEGER NOT NULL,
        FOREIGN KEY ("case_id") REFERENCES "case" ("id") ON DELETE CASCADE,
        FOREIGN KEY ("office_id") REFERENCES "office" ("id") ON DELETE RESTRICT,
        FOREIGN KEY ("decided_by_id") REFERENCES "user" ("id") ON DELETE RESTRICT
    )
    """,
    'CREATE INDEX "step_case_id" ON "step" ("case_id")',
    'CREATE INDEX "step_office_id" ON "step" ("office_id")',
    'CREATE INDEX "step_decided_by_id" ON "step" ("decided_by_id")',
    'CREATE UNIQUE INDEX "step_case_id_position" ON "step" ("case_id", "position")',
    'CREATE INDEX "step_office_id_decided_at_id" ON "step" ("office_id", "decided_at", "id")',
    """CREATE INDEX "step_office_id_outcome_decided_at_id"
        ON "step" ("office_id", "outcome", "decided_at", "id")""",
    """
    CREATE TABLE "submission" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "case_id" INTEGER NOT NULL,
        "number" INTEGER NOT NULL,
        "data" TEXT NOT NULL,
        "files" TEXT NOT NULL,
        "sha256" VARCHAR(64) NOT NULL,
        "at" DATETIME NOT NULL,
        FOREIGN KEY ("case_id") REFERENCES "case" ("id") ON DELETE CASCADE
    )
    """,
    'CREATE INDEX "submission_case_id" ON "submission" ("case_id")',
    'CREATE UNIQUE INDEX "submission_case_id_number" ON "submission" ("case_id", "number")',
    """
    CREATE TABLE "workday" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "day" DATE NOT NULL,
        "is_workday" INTEGER NOT NULL,
        "name" VARCHAR(40) NOT NULL
    )
    """,
    'CREATE UNIQUE INDEX "workday_day" ON "workday" ("day")',
    """
    CREATE TABLE "work_entry" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "person_id" INTEGER NOT NULL,
        "organisation_name" VARCHAR(200) NOT NULL,
        "occupation_name" VARCHAR(120) NOT NULL,
        "starts_on" DATE NOT NULL,
        "ends_on" DATE,
        "evidence" TEXT NOT NULL,
        "data" TEXT NOT NULL,
        "removed_at" DATETIME,
        FOREIGN KEY ("person_id") REFERENCES "person" ("id") ON DELETE CASCADE
    )
    """,
    'CREATE INDEX "work_entry_person_id" ON "work_entry" ("person_id")',
    """CREATE UNIQUE INDEX liaison_one_active ON liaison (organisation_id) WHERE active = 1""",
    """CREATE VIRTUAL TABLE case_name USING fts5(characters, content='', contentless_delete=1, tokenize='unicode61')""",
)


def up(migrator, db):
    """Create every table and index."""
    for statement in SCHEMA:
        db.execute_sql(statement)
