"""amendments

Revision: 9e4b27d1c6f3, after 51d8e0c7b3a4, made on 2026-11-22 22:24:00.000000.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = '9e4b27d1c6f3'
down_revision = '51d8e0c7b3a4'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'amendment',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('study_id', sa.Integer(), nullable=False),
        sa.Column('protocol', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('version', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('earlier', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('sha256', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('reason', sa.Text(), nullable=False),
        sa.Column('approved_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('approved_by', sa.Integer(), nullable=False),
        sa.Column('role', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('patients', sa.Integer(), nullable=False),
        sa.Column('moved', sa.Integer(), nullable=False),
        sa.Column('appeared', sa.Integer(), nullable=False),
        sa.Column('vanished', sa.Integer(), nullable=False),
        sa.Column('renewed', sa.Integer(), nullable=False),
        sa.Column('kept', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['approved_by'], ['staff.id'], name=op.f('fk_amendment_approved_by_staff')),
        sa.ForeignKeyConstraint(['study_id'], ['study.id'], name=op.f('fk_amendment_study_id_study')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_amendment')),
        sa.UniqueConstraint('study_id', 'protocol', 'version', name=op.f('uq_amendment_study_id_protocol_version')),
    )
    with op.batch_alter_table('amendment', schema=None) as batch_op:
        batch_op.create_index(
            'uq_amendment_unfinished',
            ['study_id'],
            unique=True,
            sqlite_where=sa.text('finished_at IS NULL'),
            postgresql_where=sa.text('finished_at IS NULL'),
        )


def downgrade() -> None:
    with op.batch_alter_table('amendment', schema=None) as batch_op:
        batch_op.drop_index(
            'uq_amendment_unfinished',
            sqlite_where=sa.text('finished_at IS NULL'),
            postgresql_where=sa.text('finished_at IS NULL'),
        )
    op.drop_table('amendment')
