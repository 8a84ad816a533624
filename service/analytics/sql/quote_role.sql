-- The name $1 as SQL wants it, and this database's.
select quote_ident($1) as role, quote_ident(current_database()) as database
