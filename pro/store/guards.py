"""What the database itself refuses: triggers, in the words of either engine.

Responses, message events and installed wordings never change.
Of an audit event only salt and payload may be emptied (a logged redaction).
"""

from __future__ import annotations

FROZEN = ("response", "message_event", "flare_trigger", "flare_action", "wording")
"""Tables whose rows only come."""


def statements(dialect: str) -> list[str]:
    """SQL that makes every trigger on `sqlite` or `postgresql`."""
    return _sqlite() if dialect == "sqlite" else _postgresql()


def undo(dialect: str) -> list[str]:
    """SQL that takes them away again."""
    names = [f"{table}_is_frozen" for table in FROZEN] + ["audit_event_is_frozen"]
    if dialect == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {name}_{verb}" for name in names for verb in ("update", "delete")]
    drops = [f"DROP TRIGGER IF EXISTS {name} ON {name.removesuffix('_is_frozen')}" for name in names]
    return [
        *drops,
        "DROP FUNCTION IF EXISTS refuse_change()",
        "DROP FUNCTION IF EXISTS refuse_audit_change()",
    ]


def _sqlite() -> list[str]:
    made = []
    for table in FROZEN:
        for verb in ("update", "delete"):
            made.append(
                f"CREATE TRIGGER {table}_is_frozen_{verb} BEFORE {verb.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is never changed or deleted'); END"
            )
    made.append(
        "CREATE TRIGGER audit_event_is_frozen_delete BEFORE DELETE ON audit_event "
        "BEGIN SELECT RAISE(ABORT, 'audit_event is never changed or deleted'); END"
    )
    same = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in AUDIT_COLUMNS)
    made.append(
        f"CREATE TRIGGER audit_event_is_frozen_update BEFORE UPDATE ON audit_event "
        f"WHEN NOT ({same} AND NEW.salt IS NULL AND NEW.payload IS NULL) "
        "BEGIN SELECT RAISE(ABORT, 'audit_event is never changed or deleted'); END"
    )
    return made


AUDIT_COLUMNS = ("chain", "seq", "at", "kind", "actor", "role", "version", "digest", "previous", "hash")


def _postgresql() -> list[str]:
    same = " AND ".join(f"NEW.{column} IS NOT DISTINCT FROM OLD.{column}" for column in AUDIT_COLUMNS)
    made = [
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% is never changed or deleted', TG_TABLE_NAME; END $$",
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'UPDATE' AND {same} AND NEW.salt IS NULL AND NEW.payload IS NULL THEN RETURN NEW; END IF; "
        "RAISE EXCEPTION 'audit_event is never changed or deleted'; END $$",
    ]
    for table in FROZEN:
        made.append(
            f"CREATE TRIGGER {table}_is_frozen BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    made.append(
        "CREATE TRIGGER audit_event_is_frozen BEFORE UPDATE OR DELETE ON audit_event "
        "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
    )
    return made
