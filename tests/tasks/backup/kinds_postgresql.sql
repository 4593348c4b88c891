-- A column of every type; the word below that says so is any text.
CREATE TYPE mood AS ENUM ('sad', 'ok', '🧬');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE SCHEMA "Odd; Schema";
CREATE TABLE kinds (
  id bigserial PRIMARY KEY, s smallint, i int, n numeric(40,12), r real, d double precision,
  m money, c char(5), v varchar(200), t text, b bytea, ts timestamp(6), tz timestamptz, dt date,
  ti time, ttz timetz, iv interval, bo boolean, mo mood, pa pair, po positive, pt point, li line,
  ls lseg, bx box, ph path, pg polygon, ci circle, cd cidr, ine inet, mac macaddr, m8 macaddr8,
  bt bit(9), vb varbit, tv tsvector, tq tsquery, u uuid, x xml, j json, jb jsonb, ia int[],
  ta text[][], r4 int4range, tr tstzrange, mr int4multirange, pl pg_lsn,
  gen int GENERATED ALWAYS AS (i * 2) STORED
);
INSERT INTO kinds (s,i,n,r,d,m,c,v,t,b,ts,tz,dt,ti,ttz,iv,bo,mo,pa,po,pt,li,ls,bx,ph,pg,ci,cd,ine,mac,
  m8,bt,vb,tv,tq,u,x,j,jb,ia,ta,r4,tr,mr,pl)
VALUES (-32768,-1073741824,'NaN',0.1,'Infinity',12.34,'abc',TEXT_HERE,TEXT_HERE || repeat('🧬',5000),
  '\x0027225cff','2026-02-28 23:59:59.999999','2026-03-29 01:30:00+02','-infinity','23:59:59.999',
  '04:05:06-08','1 year 2 mons 3 days 04:05:06.789',true,'🧬',ROW(1,TEXT_HERE),5,'(1,2)','{1,2,3}',
  '[(0,0),(1,1)]','(1,1),(0,0)','[(0,0),(1,1)]','((0,0),(1,0),(1,1))','<(0,0),5>','10.0.0.0/8',
  '2001:db8::1','08:00:2b:01:02:03','08:00:2b:01:02:03:04:05',b'101010101',b'1','a fat cat',
  'fat & cat','123e4567-e89b-12d3-a456-426655440000','<a>ö</a>','{"a": [1,null]}','{"b": "🧬"}',
  '{1,NULL,3}','{{a,b},{"c,d",NULL}}','[1,5)','[2026-01-01,2026-02-01)','{[1,3),[5,7)}','16/B374D848');
INSERT INTO kinds (t) VALUES (NULL), (''), ('\N');
CREATE TABLE "Odd; Schema"."a""b" ("select" int);
INSERT INTO "Odd; Schema"."a""b" VALUES (1),(1),(NULL);
CREATE TABLE parts (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE parts_2026 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO parts SELECT i, '2026-05-05' FROM generate_series(1, 1000) i;
CREATE VIEW seen AS SELECT id, t FROM kinds;
CREATE MATERIALIZED VIEW stored AS SELECT count(*) FROM kinds;
CREATE INDEX by_text ON kinds (lower(v));
CREATE FUNCTION plus(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1';
CREATE SEQUENCE counter START 41; SELECT nextval('counter');
