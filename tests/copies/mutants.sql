-- What each mutant does, below its name. The last section is done from beside the copy, which is called COPY
-- there. {CR} is a carriage return.

--== rows, views and large objects

--- one row less
DELETE FROM items.items WHERE id = 250;

--- one row more
INSERT INTO items.ticks VALUES (2, 'two');

--- one value changed
UPDATE items.items SET title = 'Item 250' WHERE id = 250;

--- a number changed in its last digit
UPDATE items.items SET price = price + 1e-14 WHERE id = 7;

--- a moment changed by a microsecond
UPDATE items.items SET made = made + interval '1 us' WHERE id = 7;

--- nothing in place of an empty text
UPDATE items.cache SET v = '';

--- one row twice and another gone
UPDATE items.events SET what = 'day 4', day = '2026-03-05' WHERE what = 'day 5';

--- values of two rows exchanged
UPDATE items.owners SET share = 3 - share WHERE id < 3;

--- a row moved to another table
WITH gone AS (DELETE FROM items.events WHERE what = 'day 5') INSERT INTO items.log VALUES ('day 5');

--- a row of a table with a column t
UPDATE items.ticks SET note = 'three' WHERE note = 'two';

--- a row without t of such a table
UPDATE items.ticks SET note = 'nobody' WHERE t IS NULL;

--- an unlogged table emptied
TRUNCATE items.cache;

--- a table emptied
TRUNCATE items.events;

--- a materialized view of other rows
BEGIN;
UPDATE items.items SET state = 'done' WHERE id = 2;
REFRESH MATERIALIZED VIEW items.totals;
UPDATE items.items SET state = 'open' WHERE id = 2;
COMMIT;

--- a materialized view never filled
REFRESH MATERIALIZED VIEW items.totals WITH NO DATA;

--- a large object changed
SELECT lo_put(7001, 0, 'S');

--- a large object cut
SELECT lo_truncate(lo_open(7001, 131072), 4);

--- a large object gone
SELECT lo_unlink(7001);

--- an empty large object under another number
SELECT lo_unlink(7002), lo_create(7003);
GRANT SELECT ON LARGE OBJECT 7003 TO auth;

--- a large object of another owner
ALTER LARGE OBJECT 7001 OWNER TO users;

--- a large object that others may read
GRANT SELECT ON LARGE OBJECT 7001 TO PUBLIC;

--- a large object with a comment
COMMENT ON LARGE OBJECT 7001 IS 'seven';

--== sequences

--- a sequence behind its column
SELECT setval('items.owners_id_seq', 59);

--- a sequence that begins again
ALTER SEQUENCE items.owners_id_seq RESTART;

--- a sequence of no table behind
SELECT setval('items.tickets', 1);

--- a sequence ahead
SELECT nextval('items.tickets');

--- a sequence with another step
ALTER SEQUENCE items.tickets INCREMENT 4;

--- a sequence that cycles
ALTER SEQUENCE items.tickets CYCLE;

--- a sequence that nothing owns
ALTER SEQUENCE items.owners_id_seq OWNED BY NONE;

--- a sequence dropped
DROP SEQUENCE items.tickets;

--- an identity that is always generated
ALTER TABLE items.items ALTER id SET GENERATED ALWAYS;

--- an identity that is none any more
ALTER TABLE items.items ALTER id DROP IDENTITY;

--== indexes

--- an index dropped
DROP INDEX items.items_title;

--- an index of another column
DROP INDEX items.items_title;
CREATE INDEX items_title ON items.items (state);

--- an index in another order
DROP INDEX items.items_title;
CREATE INDEX items_title ON items.items (title DESC);

--- an index of another kind
DROP INDEX items.items_title;
CREATE INDEX items_title ON items.items USING hash (title);

--- a unique index that is not
DROP INDEX items.owners_code;
CREATE INDEX owners_code ON items.owners (code, mood);

--- an index of other rows
DROP INDEX items.owners_share;
CREATE INDEX owners_share ON items.owners (share) WHERE share > 20;

--- an index that is not valid
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'items.items_title'::regclass;

--- an index too many
CREATE INDEX ON items.log (line);

--- statistics dropped
DROP STATISTICS items.together;

--== constraints

--- a primary key dropped
ALTER TABLE items.items DROP CONSTRAINT items_pkey;

--- a unique constraint dropped
ALTER TABLE items.owners DROP CONSTRAINT owners_name_key;

--- a check dropped
ALTER TABLE items.items DROP CONSTRAINT items_state_check;

--- a check of something else
ALTER TABLE items.parts DROP CONSTRAINT heavy, ADD CONSTRAINT heavy CHECK (weight > -1);

--- a check that was never checked
ALTER TABLE items.parts DROP CONSTRAINT heavy, ADD CONSTRAINT heavy CHECK (weight > 0) NOT VALID;

--- a foreign key dropped
ALTER TABLE items.parts DROP CONSTRAINT parts_owner_fkey;

--- a foreign key that deletes nothing
ALTER TABLE items.parts DROP CONSTRAINT parts_owner_fkey, ADD FOREIGN KEY (owner) REFERENCES items.owners;

--- a foreign key that was never checked
ALTER TABLE items.parts DROP CONSTRAINT parts_owner_fkey, ADD FOREIGN KEY (owner) REFERENCES items.owners
    ON DELETE CASCADE NOT VALID;

--- a foreign key that waits
ALTER TABLE items.parts ALTER CONSTRAINT parts_owner_fkey DEFERRABLE;

--- an exclusion dropped
ALTER TABLE items.parts DROP CONSTRAINT parts_during_excl;

--- a domain with another check
ALTER DOMAIN items.percent DROP CONSTRAINT percent_check;
ALTER DOMAIN items.percent ADD CONSTRAINT percent_check CHECK (VALUE > -1);

--- a domain without its check
ALTER DOMAIN items.percent DROP CONSTRAINT percent_check;

--== columns and types

--- a default dropped
ALTER TABLE items.items ALTER title DROP DEFAULT;

--- another default
ALTER TABLE items.items ALTER title SET DEFAULT 'without';

--- a column of another type
ALTER TABLE items.items ALTER price TYPE numeric;

--- a longer text
ALTER TABLE items.owners ALTER code TYPE varchar(41);

--- a column that may be null
ALTER TABLE items.items ALTER title DROP NOT NULL;

--- a column that may not be null
ALTER TABLE items.owners ALTER share SET NOT NULL;

--- another generated column
ALTER TABLE items.owners DROP twice;
ALTER TABLE items.owners ADD twice int GENERATED ALWAYS AS (share * 2 + 0) STORED;

--- a generated column that is plain
ALTER TABLE items.owners ALTER twice DROP EXPRESSION;

--- another collation
ALTER TABLE items.owners ALTER code TYPE text COLLATE "POSIX";

--- columns in another order
BEGIN;
ALTER TABLE items.ticks RENAME t TO x;
ALTER TABLE items.ticks RENAME note TO t;
ALTER TABLE items.ticks RENAME x TO note;
COMMIT;

--- a column more
ALTER TABLE items.ticks ADD more int;

--- a column stored otherwise
ALTER TABLE items.items ALTER title SET STORAGE EXTERNAL;

--- a table that is not logged
ALTER TABLE items.log SET UNLOGGED;

--- a table that fills its pages otherwise
ALTER TABLE items.items SET (fillfactor = 50);

--- another replica identity
ALTER TABLE items.items REPLICA IDENTITY FULL;

--- a partition cut off
ALTER TABLE items.events DETACH PARTITION items.events_2026;

--- a value more in an enum
ALTER TYPE items.mood ADD VALUE 'middle' AFTER 'low';

--- another composite type
ALTER TYPE items.pair ADD ATTRIBUTE c int;

--== code

--- a trigger disabled
ALTER TABLE items.items DISABLE TRIGGER note;

--- a trigger dropped
DROP TRIGGER note ON items.items;

--- a trigger at another time
DROP TRIGGER touch ON items.owners;
CREATE TRIGGER touch AFTER UPDATE ON items.owners FOR EACH ROW WHEN (new.share IS NOT NULL) EXECUTE
    FUNCTION items.touch();

--- a trigger for another change
DROP TRIGGER touch ON items.owners;
CREATE TRIGGER touch BEFORE UPDATE OF name ON items.owners FOR EACH ROW WHEN (new.share IS NOT NULL)
    EXECUTE FUNCTION items.touch();

--- a trigger that does something else
DROP TRIGGER touch ON items.owners;
CREATE TRIGGER touch BEFORE UPDATE ON items.owners FOR EACH ROW WHEN (new.share IS NOT NULL) EXECUTE
    FUNCTION items.note();

--- a trigger that fires on replicas
ALTER TABLE items.items ENABLE ALWAYS TRIGGER note;

--- an event trigger disabled
ALTER EVENT TRIGGER watch DISABLE;

--- another body of a function
CREATE OR REPLACE FUNCTION items.price() RETURNS text LANGUAGE plpgsql STABLE SET work_mem = '4MB' AS $$
BEGIN
RETURN '
-- seven

of them!';
END $$;

--- another line that looks like a comment
CREATE OR REPLACE FUNCTION items.price() RETURNS text LANGUAGE plpgsql STABLE SET work_mem = '4MB' AS $$
BEGIN
-- what follows is text
RETURN '
-- eight

of them';
END $$;

--- an empty line less in a text
CREATE OR REPLACE FUNCTION items.price() RETURNS text LANGUAGE plpgsql STABLE SET work_mem = '4MB' AS $$
BEGIN
-- what follows is text
RETURN '
-- seven
of them';
END $$;

--- lines that end otherwise
CREATE OR REPLACE FUNCTION items.price() RETURNS text LANGUAGE plpgsql STABLE SET work_mem = '4MB' AS $$
BEGIN
-- what follows is text
RETURN '{CR}
-- seven

of them';
END $$;

--- a function with its owner's rights
ALTER FUNCTION items.price() SECURITY DEFINER;

--- a function with another setting
ALTER FUNCTION items.price() SET work_mem = '8MB';

--- a function said to change nothing
ALTER FUNCTION items.price() IMMUTABLE;

--- a function of another owner
ALTER FUNCTION items.price() OWNER TO platform;

--- an aggregate dropped
DROP AGGREGATE items.total(int);

--- another view
CREATE OR REPLACE VIEW items.open AS SELECT id, title FROM items.items;

--- a view without its barrier
ALTER VIEW items.rich RESET (security_barrier);

--- a rule dropped
DROP RULE quiet ON items.log;

--- a cast dropped
DROP CAST (items.pair AS text);

--- a publication of more
ALTER PUBLICATION news ADD TABLE items.log;

--- an extension missing
DROP EXTENSION vector;

--- a comment changed
COMMENT ON TABLE items.owners IS 'who had it';

--== rights

--- a right given
GRANT SELECT ON items.items TO auth;

--- a right taken
REVOKE SELECT ON items.owners FROM users;

--- a right on a column taken
REVOKE UPDATE (name) ON items.owners FROM auth;

--- a right that may be passed on
GRANT SELECT ON items.owners TO users WITH GRANT OPTION;

--- other rights of what will be made
ALTER DEFAULT PRIVILEGES FOR ROLE items IN SCHEMA items GRANT INSERT ON TABLES TO users;

--- a table of another owner
ALTER TABLE items.log OWNER TO auth;

--- a schema of another owner
ALTER SCHEMA spare OWNER TO items;

--- a schema that everybody may use
GRANT USAGE ON SCHEMA spare TO PUBLIC;

--- public open to everybody
GRANT CREATE ON SCHEMA public TO PUBLIC;

--- row security on
ALTER TABLE items.items ENABLE ROW LEVEL SECURITY;

--- row security off
ALTER TABLE items.parts DISABLE ROW LEVEL SECURITY;

--- row security for owners too
ALTER TABLE items.parts FORCE ROW LEVEL SECURITY;

--- another policy
ALTER POLICY mine ON items.parts USING (weight < 101);

--== beside the copy

--- a database of another owner
ALTER DATABASE "COPY" OWNER TO users;

--- a setting of the database more
ALTER DATABASE "COPY" SET statement_timeout = 9;

--- a setting of the database changed
ALTER DATABASE "COPY" SET work_mem = '6MB';

--- a setting of the database less
ALTER DATABASE "COPY" RESET work_mem;

--- a setting of a role here
ALTER ROLE items IN DATABASE "COPY" SET lock_timeout = 1;

--- a setting of a role here less
ALTER ROLE items IN DATABASE "COPY" RESET search_path;

--- everybody may connect
GRANT CONNECT ON DATABASE "COPY" TO PUBLIC;

--- a service may not connect
REVOKE CONNECT ON DATABASE "COPY" FROM items;

--- another number of connections
ALTER DATABASE "COPY" CONNECTION LIMIT -1;

--- another encoding
UPDATE pg_database SET encoding = 8 WHERE datname = 'COPY';

--- another collation of the database
UPDATE pg_database SET datcollate = 'POSIX' WHERE datname = 'COPY';

--- another character type
UPDATE pg_database SET datctype = 'POSIX' WHERE datname = 'COPY';
