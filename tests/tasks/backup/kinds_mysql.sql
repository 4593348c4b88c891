-- A column of every type; the word below that says so is any text.
CREATE DATABASE members CHARACTER SET utf8mb4;
USE members;
CREATE TABLE kinds (
  id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, t TINYINT, s SMALLINT, m MEDIUMINT, i INT,
  d DECIMAL(30,10), f FLOAT, g DOUBLE, b BIT(9), yes BOOLEAN, day DATE, at DATETIME(6),
  stamp TIMESTAMP(3) NULL, clock TIME(2), y YEAR, c CHAR(9), v VARCHAR(200), bin BINARY(4),
  vb VARBINARY(300), tb TINYBLOB, bl BLOB, mb MEDIUMBLOB, lb LONGBLOB, tt TINYTEXT, tx TEXT,
  mt MEDIUMTEXT, lt LONGTEXT, e ENUM('a','ö'), st SET('x','y','z'), js JSON, p POINT,
  poly POLYGON, ip INET6, u UUID, gen INT AS (i * 2) STORED, virt VARCHAR(210) AS (CONCAT(v, '!'))
);
INSERT INTO kinds (t,s,m,i,d,f,g,b,yes,day,at,stamp,clock,y,c,v,bin,vb,tb,bl,mb,lb,tt,tx,mt,lt,e,st,
  js,p,poly,ip,u)
VALUES (-128,-32768,-8388608,-1073741824,12345678901234567890.0123456789,0.1,1e308,b'101010101',
  TRUE,'2026-02-28','2026-02-28 23:59:59.999999','2026-03-29 01:30:00.123','-838:59:59.00',2026,
  'char',TEXT_HERE,x'00ff0a27',x'00275c0d0a1a',x'00',x'27225c',x'ff',REPEAT(x'00ff',5000),'',
  TEXT_HERE,TEXT_HERE,REPEAT('🧬',3000),'ö','x,z','{"a": [1, null, "ö"]}',POINT(1,2),
  ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))'),'2001:db8::1','123e4567-e89b-12d3-a456-426655440000');
INSERT INTO kinds (v) VALUES (NULL), (''), ('NULL'), ('\\N');
CREATE TABLE `odd; name--` (`a``b` INT, `select` VARCHAR(9));
INSERT INTO `odd; name--` VALUES (1, 'x'), (1, 'x'), (NULL, NULL);
CREATE TABLE empty (id INT) ENGINE=MyISAM;
CREATE TABLE parent (id INT PRIMARY KEY);
CREATE TABLE aaa_child (id INT, FOREIGN KEY (id) REFERENCES parent(id));
INSERT INTO parent VALUES (1),(2); INSERT INTO aaa_child VALUES (1),(2),(2);
CREATE VIEW seen AS SELECT id, v FROM kinds;
DELIMITER //
CREATE TRIGGER before_it BEFORE INSERT ON parent FOR EACH ROW SET NEW.id = NEW.id //
CREATE PROCEDURE proc(IN a INT) BEGIN SELECT a; END //
CREATE FUNCTION func(a INT) RETURNS INT DETERMINISTIC RETURN a + 1 //
CREATE EVENT now_and_then ON SCHEDULE EVERY 1 YEAR DO DELETE FROM empty //
DELIMITER ;
