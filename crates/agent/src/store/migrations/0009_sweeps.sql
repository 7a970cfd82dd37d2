-- Rounds ask every few seconds when each project was looked through last.
create index job_sweeps on job (serial_key, created_at) where kind = 'sweep';
