import KindTesting
import SQLTemplate
import SegmentModel
import Testing

@Suite struct StatementSplitTests {
    private static func split(_ kind: ConnectorKind, _ text: String) -> [String] {
        let bytes = Array(text.utf8)
        return SQLDialect(kind).statements(in: bytes).map { range in
            var part = Substring(String(decoding: bytes[range], as: UTF8.self))
            while part.first?.isWhitespace == true { part.removeFirst() }
            while part.last?.isWhitespace == true { part.removeLast() }
            return String(part)
        }
    }

    @Test(
        "A query is cut where its statements end",
        arguments: [
            ("", []), (" ;; \n", []), ("-- nothing", []), ("/* ; */", []),
            ("SELECT 1", ["SELECT 1"]), ("SELECT 1;", ["SELECT 1"]),
            ("SELECT 1; DELETE FROM t;\n", ["SELECT 1", "DELETE FROM t"]),
            ("SELECT ';' ; SELECT 'a''; b'", ["SELECT ';'", "SELECT 'a''; b'"]),
            ("SELECT \"a;b\" FROM t; SELECT 2", ["SELECT \"a;b\" FROM t", "SELECT 2"]),
            ("SELECT 1 -- a; b\n; SELECT 2 /* ; */", ["SELECT 1 -- a; b", "SELECT 2 /* ; */"]),
            // Left for the server to refuse.
            ("SELECT 1; SELECT 'a;", ["SELECT 1", "SELECT 'a;"]),
            ("DELETE FROM t; /* open; ", ["DELETE FROM t", "/* open;"]),
            ("DELETE FROM t; -- end; ", ["DELETE FROM t"]),
        ])
    func cuts(_ text: String, _ statements: [String]) {
        for kind in [ConnectorKind.oracle, .sqlite, .postgresql] {
            #expect(Self.split(kind, text) == statements, "\(kind)")
        }
    }

    @Test(
        "Oracle's own quotes and blocks keep their semicolons",
        arguments: [
            (
                "SELECT q'[a;']' || nq'{;}' FROM dual; SELECT 2 FROM dual",
                ["SELECT q'[a;']' || nq'{;}' FROM dual", "SELECT 2 FROM dual"]
            ),
            (
                "BEGIN DELETE FROM t; DELETE FROM u; END; SELECT 1 FROM dual;",
                ["BEGIN DELETE FROM t; DELETE FROM u; END;", "SELECT 1 FROM dual"]
            ),
            (
                "begin if a then b; elsif c then d; end if; for i in 1..2 loop e; end loop; "
                    + "begin f; exception when others then null; end; "
                    + "case g when 1 then h; end case; "
                    + "i := case when j then 1 else 2 end; end p; x",
                [
                    "begin if a then b; elsif c then d; end if; for i in 1..2 loop e; end loop; "
                        + "begin f; exception when others then null; end; case g when 1 then h; "
                        + "end case; i := case when j then 1 else 2 end; end p;", "x",
                ]
            ),
            (
                "DELETE FROM t; DECLARE n NUMBER; BEGIN n := 1; END;",
                ["DELETE FROM t", "DECLARE n NUMBER; BEGIN n := 1; END;"]
            ),
            (
                "CREATE OR REPLACE EDITIONABLE PROCEDURE p IS BEGIN a; b; END;",
                ["CREATE OR REPLACE EDITIONABLE PROCEDURE p IS BEGIN a; b; END;"]
            ),
            (
                "CREATE TABLE type (function NUMBER); SELECT 1 FROM type",
                ["CREATE TABLE type (function NUMBER)", "SELECT 1 FROM type"]
            ),
            (
                "WITH FUNCTION f RETURN NUMBER IS BEGIN RETURN 1; END; SELECT f FROM dual",
                ["WITH FUNCTION f RETURN NUMBER IS BEGIN RETURN 1; END; SELECT f FROM dual"]
            ),
            (
                "SELECT CASE WHEN 1 = 1 THEN 2 END FROM dual; SELECT 3 FROM dual",
                ["SELECT CASE WHEN 1 = 1 THEN 2 END FROM dual", "SELECT 3 FROM dual"]
            ),
        ])
    func oracle(_ text: String, _ statements: [String]) {
        #expect(Self.split(.oracle, text) == statements)
    }
}
