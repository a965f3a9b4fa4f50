-- What is held and what is due, listed newest first however much that is: read from its end instead of sorted whole, or looked for
-- among all that has arrived.
create index target_held_by_id on target (id) where plan_id is not null and state = 'due';
create index target_due_by_id on target (id) where dirty_seq > done_seq and state = 'due' and plan_id is null;
