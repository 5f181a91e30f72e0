from alembic import context

from pro.store.migrate import run
from pro.store.tables import metadata

run(context, metadata, guarded=True)
