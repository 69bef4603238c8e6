import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// A string that a server reads as code takes no value, wherever it stands; any other does (INV-7).
@Suite struct CodeStringTests {
    private static func faults(_ kind: ConnectorKind, _ source: String) -> [TemplateDiagnostic] {
        TemplateCompiler(dialect: SQLDialect(kind))
            .compile(source, query: .addProfiles, mode: .individual).diagnostics
            .filter { $0.severity == .error }
    }

    private static let refused: [ConnectorKind: [String]] = [
        .postgresql: [
            "DO 'BEGIN INSERT INTO t VALUES (''{$lead.v}''); END'",
            "do language plpgsql '{$lead.v}'",
            "DO $$BEGIN PERFORM '{$lead.v}'; END$$", "SELECT 1; DO E'{$lead.v}'", "DO {$lead.v}",
            "{if lead.c exists}DO{end} '{$lead.v}'",
            "{if lead.c exists}SELECT{else}DO{end} '{$lead.v}'",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT {$lead.v}'",
            "CREATE OR REPLACE PROCEDURE p() AS '{$lead.v}'",
            "ALTER FUNCTION f() SET x = '{$lead.v}'",
            "CREATE TRIGGER x AFTER INSERT ON t WHEN ('{$lead.v}') EXECUTE FUNCTION f()",
            "COPY t FROM PROGRAM '{$lead.v}'", "COPY (SELECT '{$lead.v}') TO PROGRAM 'cat'",
            "SELECT dblink_exec('c', 'INSERT INTO t VALUES (''{$lead.v}'')')",
            "SELECT * FROM dblink('c', {$lead.v}) AS t(a int)", "SELECT public.dblink('{$lead.v}')",
            "SELECT \"query_to_xml\"('{$lead.v}', true, false, '')",
            "SELECT query_to_xml ( /* c */ concat('a', upper('{$lead.v}')), true, false, '')",
            "SELECT cron.schedule('j', '* * * * *', '{$lead.v}')", "LOAD '{$lead.v}'",
            "WITH q AS (SELECT '{$lead.v}' AS s) SELECT dblink_exec('c', q.s) FROM q",
        ],
        .mysql: [
            "EXECUTE IMMEDIATE 'INSERT INTO t VALUES (''{$lead.v}'')'",
            "EXECUTE IMMEDIATE {$lead.v}",
            "PREPARE s FROM '{$lead.v}'", "PREPARE s FROM \"{$lead.v}\"",
            "execute immediate concat('a', '{$lead.v}')",
            "BEGIN NOT ATOMIC EXECUTE IMMEDIATE '{$lead.v}'; END",
            "SET @q = CONCAT('INSERT INTO t VALUES (', '{$lead.v}', ')'); PREPARE s FROM @q",
            "SET @q = '{$lead.v}'; EXECUTE IMMEDIATE @q",
            "CREATE EVENT e ON SCHEDULE AT NOW() DO SELECT '{$lead.v}'",
            "CREATE FUNCTION f() RETURNS TEXT SONAME '{$lead.v}'",
            "LOAD DATA INFILE '{$lead.v}' INTO TABLE t",
            "CREATE DEFINER = a@b TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = '{$lead.v}'",
            "{if lead.c exists}EXECUTE{end} IMMEDIATE '{$lead.v}'",
        ],
        .mssql: [
            "EXEC('INSERT INTO t VALUES (''{$lead.v}'')')", "EXECUTE (N'{$lead.v}')",
            "EXEC ('a' + '{$lead.v}') AT other", "INSERT INTO t EXEC('{$lead.v}')",
            "EXEC sp_executesql N'SELECT {$lead.v}'", "EXEC sys.sp_executesql '{$lead.v}'",
            "EXEC [master].[sys].[sp_executesql] @stmt = N'{$lead.v}'",
            "EXEC @rc = sp_executesql N'{$lead.v}'",
            "EXEC sp_executesql @params = N'@p int', @stmt = N'{$lead.v}'",
            "EXEC sp_executesql N'SELECT @p', N'{$lead.v}'", "EXEC xp_cmdshell '{$lead.v}'",
            "EXEC xp_cmdshell {$lead.v}", "SELECT * FROM OPENROWSET('a', 'b', '{$lead.v}')",
            "SELECT * FROM OPENQUERY(s, '{$lead.v}')", "SELECT 1 EXEC ('{$lead.v}')",
            "DECLARE @q nvarchar(max) = N'{$lead.v}'; EXEC (@q)",
            "DECLARE @q nvarchar(max) = N'{$lead.v}'; EXEC sp_executesql @q",
            "DECLARE @q nvarchar(max) = N'{$lead.v}' EXEC sp_executesql @q SELECT 1",
            "CREATE PROC p AS EXEC ('{$lead.v}')", "CREATE VIEW v AS SELECT '{$lead.v}' AS a",
            "sp_executesql N'{$lead.v}'", "master..xp_cmdshell '{$lead.v}'",
            "SELECT 1; sys.sp_executesql N'{$lead.v}'",
            "EXEC{if lead.c exists} sp_executesql{end} N'{$lead.v}'",
        ],
        .oracle: [
            "BEGIN EXECUTE IMMEDIATE 'INSERT INTO t VALUES (''{$lead.v}'')'; END;",
            "BEGIN OPEN c FOR 'SELECT {$lead.v}'; END;",
            "BEGIN EXECUTE IMMEDIATE 'a' || '{$lead.v}'; END;",
            "DECLARE s VARCHAR2(99) := '{$lead.v}'; BEGIN EXECUTE IMMEDIATE s; END;",
            "BEGIN DBMS_SQL.PARSE(c, '{$lead.v}', DBMS_SQL.NATIVE); END;",
            "BEGIN sys.dbms_utility.exec_ddl_statement('{$lead.v}'); END;",
            "SELECT DBMS_XMLGEN.GETXML('{$lead.v}') FROM dual",
            "CREATE TRIGGER x BEFORE INSERT ON t BEGIN f('{$lead.v}'); END;",
        ],
        .sqlite: [
            "SELECT load_extension('{$lead.v}')", "SELECT eval('{$lead.v}')",
            "ATTACH '{$lead.v}' AS x",
            "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT '{$lead.v}'; END",
            "CREATE VIRTUAL TABLE x USING csv(filename='{$lead.v}')",
            "SELECT eval(s) FROM (SELECT '{$lead.v}' AS s)",
        ],
        .clickhouse: [
            "INSERT INTO t SELECT * FROM remote('h', 'db', '{$lead.v}')",
            "SELECT * FROM url('{$lead.v}', CSV)",
            "INSERT INTO FUNCTION remote('{$lead.v}', db.t) VALUES (1)",
            "SELECT * FROM executable('{$lead.v}', TSV, 'a String')",
            "SELECT * FROM mysql('h', 'd', 't', 'u', {$lead.v})",
            "CREATE TABLE x (a Int8) ENGINE = MySQL('h', 'd', '{$lead.v}', 'u', 'p')",
            "CREATE DICTIONARY d (a Int8) SOURCE(CLICKHOUSE(QUERY '{$lead.v}'))",
        ],
    ]

    @Test("INV-7: a value in a string that is code is refused, and told what to write instead")
    func refusals() {
        for (kind, sources) in Self.refused {
            for source in sources {
                let found = Self.faults(kind, source)
                #expect(!found.isEmpty, "\(kind) \(source)")
                #expect(found.allSatisfy { $0.hint?.isEmpty == false }, "\(kind) \(source)")
                let isHarmful = found.contains { $0.hint?.contains("use '…'") == true }
                #expect(!isHarmful, "\(kind) \(source) \(found)")
            }
        }
    }

    private static let taken: [ConnectorKind: [String]] = [
        .postgresql: [
            "SELECT my_function('{$lead.v}')", "CALL p('{$lead.v}')", "EXECUTE s('{$lead.v}')",
            "INSERT INTO t VALUES ('{$lead.v}') ON CONFLICT (a) DO UPDATE SET b = '{$lead.v}'",
            "SELECT dblink_exec('c', 'SELECT 1'), '{$lead.v}'",
            "DO 'BEGIN END'; SELECT '{$lead.v}'",
            "CREATE TABLE t_{segment_id} AS SELECT '{$lead.v}' AS a", "SELECT upper('{$lead.v}')",
            "SELECT dblink FROM t WHERE a = ('{$lead.v}')", "DO 'SELECT {segment_id}'",
            "INSERT INTO copy VALUES ('{$lead.v}')",
        ],
        .mysql: [
            "PREPARE s FROM 'INSERT INTO t VALUES (?)'; SET @v = '{$lead.v}'; EXECUTE s USING @v",
            "EXECUTE IMMEDIATE 'INSERT INTO t VALUES (?)' USING '{$lead.v}'", "CALL p('{$lead.v}')",
            "EXECUTE s USING '{$lead.v}'", "SELECT f('{$lead.v}')", "DO f('{$lead.v}')",
            "INSERT INTO t (event, view) VALUES ('{$lead.v}', 'x')",
        ],
        .mssql: [
            "EXEC sp_executesql N'INSERT INTO t VALUES (@p)', N'@p nchar(9)', @p = N'{$lead.v}'",
            "EXEC my_procedure '{$lead.v}'",
            "EXEC dbo.my_procedure @a = N'{$lead.v}', @b = {$lead.v}",
            "my_procedure '{$lead.v}'", "EXEC xp_other 'a'; INSERT INTO t VALUES ('{$lead.v}')",
            "EXEC xp_cmdshell 'dir' INSERT INTO t VALUES ('{$lead.v}')",
            "DECLARE @v nchar(9) = N'{$lead.v}'; EXEC sp_executesql N'SELECT @p', N'@p int', @v",
        ],
        .oracle: [
            "BEGIN EXECUTE IMMEDIATE 'INSERT INTO t VALUES (:v)' USING '{$lead.v}'; END;",
            "BEGIN p('{$lead.v}'); END;", "BEGIN OPEN c FOR SELECT '{$lead.v}' FROM dual; END;",
            "BEGIN EXECUTE IMMEDIATE 'SELECT 1 FROM t WHERE a = :v' INTO x USING '{$lead.v}'; END;",
            "SELECT parse('{$lead.v}') FROM dual",
        ],
        .sqlite: ["SELECT f('{$lead.v}')", "INSERT INTO attach VALUES ('{$lead.v}')"],
        .clickhouse: [
            "INSERT INTO t VALUES (f('{$lead.v}'))", "SELECT url FROM t WHERE a = ('{$lead.v}')",
            "INSERT INTO t SELECT cluster, '{$lead.v}' FROM u",
        ],
    ]

    @Test("A string that no server reads as code is data")
    func data() {
        for (kind, sources) in Self.taken {
            for source in sources {
                let found = Self.faults(kind, source)
                #expect(found.isEmpty, "\(kind) \(source) \(found)")
            }
        }
    }

    @Test("INV-7: every row of every kind's table refuses a value, with a hint and its source")
    func rows() {
        let value = "'{$lead.v}'"
        for kind in ConnectorKind.allCases {
            let rules = SQLDialect(kind).code.rules
            #expect(!rules.rows.isEmpty && !rules.hint.isEmpty, "\(kind)")
            #expect(rules.dynamicSource.isEmpty == (rules.dynamic == .none), "\(kind)")
            for row in rules.rows {
                #expect(row.source.hasPrefix("https://"), "\(kind) \(row.name)")
                #expect(row.hint?.isEmpty != true, "\(kind) \(row.name)")
            }
            let sources =
                rules.statements.map { "\($0.name) x \(value)" }
                + rules.definitions.flatMap {
                    [
                        "CREATE \($0.name) x AS \(value)",
                        "alter \($0.name.lowercased()) x SET y = \(value)",
                    ]
                }
                + rules.functions.flatMap {
                    [
                        "SELECT \($0.name) ( 1, upper(\(value)) )",
                        "SELECT \($0.name.lowercased())({$lead.v})",
                    ]
                }
                + (rules.procedures + rules.statementProcedures).flatMap {
                    [
                        "EXEC \($0.name) N\(value)",
                        "execute [a].[\($0.name.lowercased())] @x = \(value)",
                    ]
                }
            for source in sources {
                #expect(!Self.faults(kind, source).isEmpty, "\(kind) \(source)")
            }
            for row in rules.functions {
                let other = "SELECT my_\(row.name.replacing(".", with: "_"))(\(value))"
                #expect(Self.faults(kind, other).isEmpty, "\(kind) \(other)")
            }
        }
    }
}
