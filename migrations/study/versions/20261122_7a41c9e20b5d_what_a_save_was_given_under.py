"""what a save was given under

Revision: 7a41c9e20b5d, after 3c1f5a9e7d20, made on 2026-11-22 21:08:00.000000.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = '7a41c9e20b5d'
down_revision = '3c1f5a9e7d20'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('answer_save', schema=None) as batch_op:
        batch_op.add_column(sa.Column('language', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column('wording', sqlmodel.sql.sqltypes.AutoString(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('answer_save', schema=None) as batch_op:
        batch_op.drop_column('wording')
        batch_op.drop_column('language')
