-- The list of what is held, newest first, however much is held: read from its end instead of sorted whole.
create index target_held_by_id on target (id) where plan_id is not null and state = 'due';
