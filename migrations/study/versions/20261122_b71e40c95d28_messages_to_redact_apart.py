"""messages to redact apart from those that wait for a receipt

Revision: b71e40c95d28, after 6c0f2b81d94e, made on 2026-11-22 23:00:00.000000.
"""

import sqlalchemy as sa
from alembic import op


revision = 'b71e40c95d28'
down_revision = '6c0f2b81d94e'
branch_labels = None
depends_on = None

BEFORE = 'provider_id IS NOT NULL AND redacted_at IS NULL'
THERE = 'length(provider_id) > 0 AND redacted_at IS NULL'
FINAL = "state IN ('delivered', 'undelivered', 'failed', 'dropped') AND " + THERE
NO_RECEIPT = "state = 'sent' AND " + THERE


def upgrade() -> None:
    op.drop_index('ix_message_unredacted', 'message')
    op.create_index('ix_message_unredacted', 'message', ['id'], unique=False, postgresql_where=sa.text(FINAL), sqlite_where=sa.text(FINAL))
    op.create_index('ix_message_no_receipt', 'message', ['sent_at'], unique=False, postgresql_where=sa.text(NO_RECEIPT), sqlite_where=sa.text(NO_RECEIPT))


def downgrade() -> None:
    op.drop_index('ix_message_no_receipt', 'message')
    op.drop_index('ix_message_unredacted', 'message')
    op.create_index('ix_message_unredacted', 'message', ['id'], unique=False, postgresql_where=sa.text(BEFORE), sqlite_where=sa.text(BEFORE))
