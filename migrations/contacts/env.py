from alembic import context

from pro.store.contacts import metadata
from pro.store.migrate import run

run(context, metadata, guarded=False)
