"""when an answer was given

Revision: 6c0f2b81d94e, after 9e4b27d1c6f3, made on 2026-11-22 22:30:00.000000.
"""

import sqlalchemy as sa
from alembic import op


revision = '6c0f2b81d94e'
down_revision = '9e4b27d1c6f3'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('answer_save', schema=None) as batch_op:
        batch_op.add_column(sa.Column('given_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('answer_save', schema=None) as batch_op:
        batch_op.drop_column('given_at')
