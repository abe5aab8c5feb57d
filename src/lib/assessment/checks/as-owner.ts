/** SQL for an example of a superuser's: from here on it acts as the owner of the database. */
export const AS_OWNER = `do $$ begin
        execute format(
          'set role %I',
          (select pg_get_userbyid(datdba) from pg_database where datname = current_database()));
      end $$`
