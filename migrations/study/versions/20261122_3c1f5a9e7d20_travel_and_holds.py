"""travel and holds

Revision: 3c1f5a9e7d20, after e5ae776d397c, made on 2026-11-22 20:33:10.000000.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = '3c1f5a9e7d20'
down_revision = 'e5ae776d397c'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('assessment', schema=None) as batch_op:
        batch_op.add_column(sa.Column('clocks', sqlmodel.sql.sqltypes.AutoString(), nullable=True))

    with op.batch_alter_table('patient', schema=None) as batch_op:
        batch_op.add_column(sa.Column('held_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('held_why', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('ended_why', sqlmodel.sql.sqltypes.AutoString(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('patient', schema=None) as batch_op:
        batch_op.drop_column('ended_why')
        batch_op.drop_column('ended_at')
        batch_op.drop_column('held_why')
        batch_op.drop_column('held_at')

    with op.batch_alter_table('assessment', schema=None) as batch_op:
        batch_op.drop_column('clocks')
