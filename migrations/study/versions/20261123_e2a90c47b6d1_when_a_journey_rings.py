"""when the worker has to look at a journey

Revision: e2a90c47b6d1, after b71e40c95d28, made on 2026-11-23 15:10:00.000000.
"""

import sqlalchemy as sa
from alembic import op


revision = 'e2a90c47b6d1'
down_revision = 'b71e40c95d28'
branch_labels = None
depends_on = None

TO_COME = 'done_at IS NULL AND taken_back_at IS NULL'
# No day opens more than 14 hours before its date begins in UTC, and no journey is made more than 75 minutes before
# that. The worker looks, and puts off to the right instant.
EARLY = {
    'sqlite': "strftime('%Y-%m-%d %H:%M:%S', from_day, '-16 hours') || '.000000'",
    'postgresql': "from_day::timestamp AT TIME ZONE 'UTC' - interval '16 hours'",
}


def upgrade() -> None:
    with op.batch_alter_table('journey', schema=None) as batch_op:
        batch_op.add_column(sa.Column('next_at', sa.DateTime(timezone=True), nullable=True))
    op.execute(f'UPDATE journey SET next_at = {EARLY[op.get_bind().dialect.name]}')
    with op.batch_alter_table('journey', schema=None) as batch_op:
        batch_op.alter_column('next_at', existing_type=sa.DateTime(timezone=True), nullable=False)
    op.create_index('ix_journey_next_at', 'journey', ['next_at'], unique=False, postgresql_where=sa.text(TO_COME), sqlite_where=sa.text(TO_COME))


def downgrade() -> None:
    op.drop_index('ix_journey_next_at', 'journey')
    with op.batch_alter_table('journey', schema=None) as batch_op:
        batch_op.drop_column('next_at')
