-- A database with one of everything that a copy could lack; on top of CONTENT in tests/database.py.
CREATE EXTENSION vector;
CREATE SCHEMA spare AUTHORIZATION users;
SET ROLE items;
CREATE TYPE items.mood AS ENUM ('low', 'high');
CREATE TYPE items.pair AS (a int, b text);
CREATE DOMAIN items.percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE COLLATION items.plain FROM "C";
CREATE SEQUENCE items.tickets INCREMENT 5 OWNED BY items.log.line;
SELECT nextval('items.tickets'), nextval('items.tickets');
CREATE TABLE items.owners (
    id serial PRIMARY KEY,
    name varchar(40) NOT NULL UNIQUE,
    mood items.mood DEFAULT 'low',
    share items.percent,
    twice int GENERATED ALWAYS AS (share * 2) STORED,
    code text COLLATE items.plain
);
CREATE INDEX owners_share ON items.owners (share) WHERE share > 10;
CREATE UNIQUE INDEX owners_code ON items.owners (code, mood);
CREATE TABLE items.parts (
    owner int REFERENCES items.owners ON DELETE CASCADE,
    weight int CONSTRAINT heavy CHECK (weight > 0),
    during int4range,
    EXCLUDE USING gist (during WITH &&)
);
CREATE TABLE items.events (day date NOT NULL, what text) PARTITION BY RANGE (day);
CREATE TABLE items.events_2026 PARTITION OF items.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE items.ticks (t int, note text);
CREATE UNLOGGED TABLE items.cache (k text, v text);
CREATE FUNCTION items.price() RETURNS text LANGUAGE plpgsql STABLE SET work_mem = '4MB' AS $$
BEGIN
-- what follows is text
RETURN '
-- seven

of them';
END $$;
CREATE FUNCTION items.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON items.owners FOR EACH ROW WHEN (new.share IS NOT NULL)
    EXECUTE FUNCTION items.touch();
CREATE AGGREGATE items.total (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE POLICY mine ON items.parts USING (weight < 100);
ALTER TABLE items.parts ENABLE ROW LEVEL SECURITY;
CREATE RULE quiet AS ON DELETE TO items.log DO INSTEAD NOTHING;
CREATE STATISTICS items.together ON share, mood FROM items.owners;
CREATE VIEW items.rich WITH (security_barrier) AS SELECT id, name FROM items.owners WHERE share > 50;
COMMENT ON TABLE items.owners IS 'who has it';
GRANT SELECT ON items.owners TO users;
GRANT UPDATE (name) ON items.owners TO auth;
ALTER DEFAULT PRIVILEGES IN SCHEMA items GRANT SELECT ON TABLES TO users;
INSERT INTO items.owners (name, share, code) SELECT 'owner ' || n, n, 'code ' || n FROM generate_series(1, 60) n;
INSERT INTO items.parts SELECT n, n, int4range(n, n + 1) FROM generate_series(1, 40) n;
INSERT INTO items.events SELECT date '2026-03-01' + n, 'day ' || n FROM generate_series(1, 30) n;
INSERT INTO items.ticks VALUES (1, 'one'), (1, 'two'), (NULL, 'none');
INSERT INTO items.cache VALUES ('a', 'b');
RESET ROLE;
CREATE PUBLICATION news FOR TABLE items.owners;
CREATE FUNCTION public.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RETURN; END $$;
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION public.watch();
CREATE CAST (items.pair AS text) WITH INOUT;
SELECT lo_from_bytea(7001, 'seven'), lo_from_bytea(7002, '');
ALTER LARGE OBJECT 7001 OWNER TO items;
GRANT SELECT ON LARGE OBJECT 7002 TO auth;
