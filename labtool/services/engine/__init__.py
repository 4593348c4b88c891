"""The engine of workflows, DBOS Transact (docs.dbos.dev), behind our own nouns: nobody else imports
it, nor the database library below it.

base          the database: SQLite in the state folder, or PostgreSQL
tables        what is kept of runs, beside what the engine keeps for itself
records       the same, as others see it
looks         reading it
ledger        changing it
queue         runs on the engine's queue, and those whose workers died
worker        a process that takes runs from the queue

The engine's own work is to hand each run to one worker, and to keep what its steps gave. A run is
one or more of the engine's workflows, one after another (segments): where it waits for a person or
for a later time, is handed back by a worker that ends, or is begun again from a step, its segment
ends, and another one goes on later. So no worker is held by a run that waits.
"""
