"""journeys to come, pauses, and forms that are not done

Revision: 51d8e0c7b3a4, after 7a41c9e20b5d, made on 2026-11-22 22:20:00.000000.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = '51d8e0c7b3a4'
down_revision = '7a41c9e20b5d'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
TO_COME = 'done_at IS NULL AND taken_back_at IS NULL'
STANDING = 'taken_back_at IS NULL'


def upgrade() -> None:
    op.create_table('journey',
    sa.Column('id', BIG, nullable=False),
    sa.Column('patient_id', BIG, nullable=False),
    sa.Column('from_day', sa.Date(), nullable=False),
    sa.Column('zone', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('taken_back_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['patient_id'], ['patient.id'], name=op.f('fk_journey_patient_id_patient')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_journey'))
    )
    op.create_index('uq_journey_to_come', 'journey', ['patient_id'], unique=True, postgresql_where=sa.text(TO_COME), sqlite_where=sa.text(TO_COME))
    op.create_table('pause',
    sa.Column('id', BIG, nullable=False),
    sa.Column('patient_id', BIG, nullable=False),
    sa.Column('first', sa.Date(), nullable=False),
    sa.Column('last', sa.Date(), nullable=False),
    sa.Column('why', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('taken_back_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['patient_id'], ['patient.id'], name=op.f('fk_pause_patient_id_patient')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pause'))
    )
    op.create_index('ix_pause_patient_id', 'pause', ['patient_id'], unique=False)
    op.create_table('not_done',
    sa.Column('id', BIG, nullable=False),
    sa.Column('assessment_id', BIG, nullable=False),
    sa.Column('questionnaire', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('why', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('taken_back_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['assessment_id'], ['assessment.id'], name=op.f('fk_not_done_assessment_id_assessment')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_not_done_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_not_done'))
    )
    op.create_index('uq_not_done_standing', 'not_done', ['assessment_id', 'questionnaire'], unique=True, postgresql_where=sa.text(STANDING), sqlite_where=sa.text(STANDING))


def downgrade() -> None:
    op.drop_table('not_done')
    op.drop_table('pause')
    op.drop_table('journey')
