select current_setting('server_version') as version, current_setting('server_version_num')::int as version_number,
  current_setting('fsync') as fsync,
  (select extversion from pg_extension where extname = 'vector') as vector_installed,
  (select default_version from pg_available_extensions where name = 'vector') as vector_available
