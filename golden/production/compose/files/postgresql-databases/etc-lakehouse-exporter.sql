SELECT format('GRANT pg_monitor TO %I', :'name') \gexec
