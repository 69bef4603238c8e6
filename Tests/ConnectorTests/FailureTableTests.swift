import Connector
import SegmentModel
import Testing

@testable import ConnectorClickHouse
@testable import ConnectorMySQL
@testable import ConnectorPostgres
@testable import ConnectorSQLite

/// Code by code, what happens next: tried again, stopped, or looked for among the rows.
@Suite("Failure tables")
struct FailureTableTests {
    // MARK: PostgreSQL

    private func postgres(
        _ state: String, _ message: String = "secret", file: String = "somewhere.c",
        context: String? = nil, _ more: [Int: String] = [:]
    ) throws -> TargetFailure {
        var fields = [
            PostgresField.sqlState: state, PostgresField.primaryMessage: message,
            PostgresField.sourceFile: file,
        ]
        fields[PostgresField.context] = context
        fields.merge(more) { $1 }
        return PostgresFailures.failure(try #require(PostgresDiagnosis { fields[$0] }))
    }

    @Test(
        "PostgreSQL's codes are of the class that decides what happens next",
        arguments: [
            (
                "08000 08006 40001 40P01 53100 53200 53300 55P03 57014 57P01 57P02 57P03 57P05 "
                    + "25006 25P03 25P04 58000 58030", .transient
            ),
            (
                "0A000 28000 28P01 3D000 3F000 42601 42501 42703 42804 42883 42P01 42P10 428C9 "
                    + "25P02 55000 XX000 HV000 26000", .permanent
            ),
            (
                "22000 22001 22003 22007 22008 22012 22021 22023 22P02 22P05 2201B 23502 23503 "
                    + "23505 23514 23P01 44000 P0001 P0002 P0003 P0004", .values
            ),
            ("21000", .repeatedKey), ("54000 54001 54011 54023", .tooLarge),
        ] as [(String, TargetFailure.Class)])
    func postgresClasses(_ codes: String, _ expected: TargetFailure.Class) throws {
        for code in codes.split(separator: " ").map(String.init) {
            let failure = try postgres(code)
            #expect(failure.class == expected, "\(code)")
            #expect(failure.targetCode == code)
            #expect(!failure.message.contains("secret"))
            #expect(failure.isTargetsWord)
        }
    }

    @Test("PostgreSQL: a code that is none of the server's is about rows, and is not told")
    func postgresMadeUp() throws {
        for code in ["U0001", "C8317", "45000", "99999"] {
            let failure = try postgres(code)
            #expect(failure.class == .values && failure.targetCode == "other")
        }
    }

    @Test(
        "PostgreSQL: what RAISE or another language made up is about rows, unless a rest mends it")
    func postgresRaised() throws {
        for file in ["pl_exec.c", "plpy_elog.c", "plperl.c", "pltcl.c", "dblink.c"] {
            for (code, expected) in [
                ("42P01", TargetFailure.Class.values), ("42501", .values), ("42601", .values),
                ("0A000", .values), ("40001", .transient), ("57014", .transient),
            ] {
                let failure = try postgres(
                    code, #"relation "t" does not exist"#, file: file,
                    [PostgresField.constraint: "secret", PostgresField.hint: "secret"]
                ).told("t")
                #expect(failure.class == expected)
                #expect(failure.message == "a trigger or function raised an error")
                #expect(!failure.isRightMissing && failure.hint == nil)
            }
        }
    }

    @Test("PostgreSQL: row-level security refuses a row, and no right is missing")
    func postgresRowSecurity() throws {
        for message in [
            #"new row violates row-level security policy for table "t""#,
            #"new row violates row-level security policy "p" for table "t""#,
            #"new row violates row-level security policy (USING expression) for table "t""#,
        ] {
            let failure = try postgres("42501", message)
            #expect(failure.class == .values && !failure.isRightMissing)
        }
        #expect(try postgres("42501", "permission denied for table t").isRightMissing)
        #expect(try postgres("3F000").isRightMissing)
    }

    @Test("PostgreSQL: names of the catalogue are told where the server itself reports them")
    func postgresCatalogue() throws {
        let key = #"duplicate key value violates unique constraint "by_hand""#
        let names = [PostgresField.constraint: "by_hand", PostgresField.table: "t"]
        #expect(
            try postgres("23505", key, file: "nbtinsert.c", names).told("t").message
                == key + #", table "t""#)
        for (file, context) in [
            ("nbtinsert.c", "PL/pgSQL function f() line 3 at SQL statement"),
            ("nbtinsert.c", "SQL statement \"INSERT\""), ("somewhere.c", nil), ("pl_exec.c", nil),
        ] {
            let failure = try postgres("23505", key, file: file, context: context, names)
            #expect(!failure.told("t").message.contains("by_hand"), "\(file)")
        }
    }

    // MARK: MySQL

    private func mysql(
        _ code: UInt32, _ state: String = "HY000", _ message: String = "secret"
    ) -> TargetFailure {
        MySQLFailures.failure(code: code, sqlState: state, message: message)
    }

    @Test(
        "MySQL's numbers are of the class that decides what happens next",
        arguments: [
            (
                [
                    1021, 1037, 1040, 1053, 1114, 1180, 1205, 1213, 1226, 1290, 1317, 1412, 1615,
                    1792, 1836, 1927, 1969, 2006, 2013, 3024, 3572, 4031,
                ], .transient
            ),
            (
                [
                    1044, 1045, 1046, 1049, 1051, 1054, 1064, 1136, 1142, 1143, 1146, 1227, 1305,
                    1370, 1461, 1698,
                ], .permanent
            ),
            (
                [
                    1022, 1048, 1062, 1118, 1139, 1216, 1217, 1264, 1265, 1292, 1364, 1365,
                    1366, 1367, 1406, 1411, 1416, 1441, 1451, 1452, 1526, 1644, 1690, 3140, 3819,
                    4025,
                ], .values
            ),
            ([1153], .tooLarge),
        ] as [([UInt32], TargetFailure.Class)])
    func mysqlClasses(_ codes: [UInt32], _ expected: TargetFailure.Class) {
        for code in codes {
            let failure = mysql(code)
            #expect(failure.class == expected, "\(code)")
            #expect(failure.targetCode == String(code))
            #expect(!failure.message.contains("secret"))
        }
    }

    @Test(
        "MySQL: a number that is not in the table goes by its state",
        arguments: [
            ("08S01", TargetFailure.Class.transient), ("40001", .transient), ("21S01", .values),
            ("22007", .values), ("23000", .values), ("42000", .permanent), ("HY000", .permanent),
            ("45000", .values),
        ])
    func mysqlStates(_ state: String, _ expected: TargetFailure.Class) {
        #expect(mysql(1999, state).class == expected)
        #expect(mysql(1999, state).targetCode == "1999")
    }

    @Test("INV-10: a number that SIGNAL made up is not told, nor a name or a line")
    func mysqlMadeUp() {
        for code: UInt32 in [999, 18_317, 48_317, 65_535] {
            #expect(mysql(code, "42000").targetCode == "other")
            #expect(mysql(code, "42000").class == .values)
        }
        for (code, message) in [
            (1062, "Duplicate entry 'x' for key 'secret'"), (1146, "Table 'secret' doesn't exist"),
            (1054, "Unknown column 'secret' in 'x'"), (1064, "x at line 8317"),
            (1366, "Incorrect integer value: 'x' for column 'secret' at row 1"),
        ] as [(UInt32, String)] {
            let told = mysql(code, "HY000", message).told("INSERT INTO people").message
            #expect(!told.contains("secret") && !told.contains("8317"), "\(told)")
        }
    }

    // MARK: ClickHouse

    private func clickHouse(
        _ code: Int, _ message: String = "secret", status: Int = 500
    ) throws -> TargetFailure {
        try #require(
            ClickHouseFailures.failure(
                status: status, code: code, body: "Code: \(code). DB::Exception: \(message)"))
    }

    @Test(
        "ClickHouse's codes are of the class that decides what happens next",
        arguments: [
            (
                [
                    3, 95, 96, 159, 160, 198, 201, 202, 209, 210, 225, 236, 241, 242, 243, 252,
                    285, 319, 394, 439, 745, 999,
                ], .transient
            ),
            (
                [
                    16, 36, 42, 46, 47, 48, 50, 57, 60, 62, 73, 81, 115, 164, 192, 193, 194, 215,
                    291, 344, 392, 452, 497, 516,
                ], .permanent
            ),
            (
                [
                    6, 25, 26, 27, 38, 41, 43, 53, 69, 70, 72, 117, 130, 131, 153, 190, 321,
                    349, 376, 386, 395, 407, 441, 467, 469, 632, 675, 676, 691,
                ], .values
            ),
            ([158, 167, 168, 191, 307, 565], .tooLarge),
        ] as [([Int], TargetFailure.Class)])
    func clickHouseClasses(_ codes: [Int], _ expected: TargetFailure.Class) throws {
        for code in codes {
            let failure = try clickHouse(code)
            #expect(failure.class == expected, "\(code)")
            #expect(failure.targetCode == String(code))
            #expect(!failure.message.contains("secret"))
        }
    }

    @Test("ClickHouse: one code with two causes gives each its own advice")
    func clickHouseCauses() throws {
        let crowded = try clickHouse(
            252, "Too many parts (300). Merges are processing significantly slower than inserts.")
        #expect(crowded.class == .transient)
        #expect(crowded.hint?.contains("larger") == true)
        let spread = try clickHouse(
            252, "Too many partitions for single INSERT block (more than 100).")
        #expect(spread.class == .tooLarge)
        for message in [
            "Query memory limit exceeded: would use 9.00 MiB, maximum: 8.00 MiB.",
            "Memory limit (for query) exceeded: would use 9.00 MiB, maximum: 8.00 MiB.",
        ] {
            #expect(try clickHouse(241, message).class == .tooLarge)
        }
        for message in [
            "(total) memory limit exceeded: would use 9.00 GiB, maximum: 8.00 GiB.",
            "Memory limit (for user) exceeded: would use 9.00 GiB, maximum: 8.00 GiB.",
        ] {
            #expect(try clickHouse(241, message).class == .transient)
        }
        #expect(
            try clickHouse(62, "Syntax error: failed at position 9. Max query size exceeded").class
                == .tooLarge)
        #expect(try clickHouse(62, "Syntax error: failed at position 9").class == .permanent)
        #expect(spread.hint?.contains("smaller") == true)
        #expect(
            try clickHouse(32, "Attempt to read after eof: while receiving packet").class
                == .transient)
        let empty = try clickHouse(
            32,
            "Attempt to read after eof: Cannot parse Int64 from String, because value is too short")
        #expect(empty.class == .values)
        #expect(try clickHouse(242, "Table is in readonly mode").class == .transient)
        let fixed = try clickHouse(242, "Table is in readonly mode due to static storage")
        #expect(fixed.class == .permanent)
    }

    @Test("ClickHouse: what a library of the server's refuses is no answer of a proxy's")
    func clickHouseLibrary() throws {
        let zone = try #require(
            ClickHouseFailures.failure(
                status: 500, code: nil,
                body: "Poco::Exception. Code: 1000, e.code() = 0, e.displayText() = Exception: "
                    + "Cannot load time zone secret"))
        #expect(zone.class == .values && zone.targetCode == "1000")
        #expect(!zone.message.contains("secret") && !zone.isOutcomeUnknown)
        let proxy = try #require(
            ClickHouseFailures.failure(status: 502, code: nil, body: "Bad gateway secret"))
        #expect(proxy.class == .transient && proxy.isOutcomeUnknown)
        #expect(!proxy.message.contains("secret"))
    }

    @Test("INV-10: a code that throwIf was told to use is not told")
    func clickHouseMadeUp() throws {
        for code in [8317, 83_170, 1_000_000] {
            #expect(try clickHouse(code).targetCode == "other")
        }
    }

    @Test("INV-6: ClickHouse: what ended in the middle may be stored, what was refused is not")
    func clickHouseOutcomes() throws {
        for code in [159, 160, 209, 210, 236, 279, 286, 319, 341, 394, 473, 999] {
            #expect(try clickHouse(code).isOutcomeUnknown, "\(code)")
        }
        for code in [6, 27, 53, 60, 62, 158, 202, 241, 242, 252, 469, 516] {
            #expect(try !clickHouse(code).isOutcomeUnknown, "\(code)")
        }
    }

    // MARK: SQLite

    /// Extended result codes too: their low byte is the primary code.
    @Test(
        "SQLite's codes are of the class that decides what happens next",
        arguments: [
            ([5, 6, 7, 8, 9, 10, 13, 14, 15, 17], .transient),
            ([0x105, 0x205, 0x106, 0x408, 0x30A], .transient),
            ([1, 2, 3, 11, 12, 21, 23, 24, 26, 0x10B, 0x20E], .permanent),
            ([19, 20, 0x113, 0x313, 0x513, 0x613, 0x713, 0x813, 0xA13, 0xC13], .values),
            ([18], .tooLarge),
        ] as [([Int32], TargetFailure.Class)])
    func sqliteClasses(_ codes: [Int32], _ expected: TargetFailure.Class) {
        for code in codes {
            let failure = SQLiteFailures.failure(code: code, message: "secret")
            #expect(failure.class == expected, "\(code)")
            #expect(failure.targetCode.hasPrefix("SQLITE_"))
            #expect(!failure.message.contains("secret"))
        }
    }

    @Test("INV-12: SQLite: only a session whose file was moved is not used again")
    func sqliteMovedFile() {
        let moved = SQLiteFailures.failure(code: 0x408, message: "secret")
        #expect(moved.isConnectionLost && moved.targetCode == "SQLITE_READONLY_DBMOVED")
        for code: Int32 in [8, 0x108, 5, 13, 19] {
            #expect(!SQLiteFailures.failure(code: code, message: "secret").isConnectionLost)
        }
    }

    @Test("SQLite: a limit that grows with the batch is no wrong SQL")
    func sqliteLimits() {
        for message in [
            "too many terms in compound SELECT", "too many SQL variables",
            "Expression tree is too large (maximum depth 1000)", "parser stack overflow",
        ] {
            let failure = SQLiteFailures.failure(code: 1, message: message)
            #expect(failure.class == .tooLarge)
            #expect(failure.hint?.contains("smaller") == true)
        }
    }

    @Test(
        "SQLite: of what is only SQLITE_ERROR the text tells the values' faults",
        arguments: [
            ("malformed JSON", TargetFailure.Class.values), ("bad JSON path: 'secret'", .values),
            ("JSON path error near 'secret'", .values),
            ("fts5: syntax error near \"secret\"", .values),
            ("malformed MATCH expression: [secret]", .values), ("unterminated string", .values),
            ("integer overflow", .values), ("no such table: secret", .permanent),
            ("near \"secret\": syntax error", .permanent), ("secret", .permanent),
        ])
    func sqliteTexts(_ message: String, _ expected: TargetFailure.Class) {
        let failure = SQLiteFailures.failure(code: 1, message: message)
        #expect(failure.class == expected)
        #expect(failure.targetCode == "SQLITE_ERROR" && failure.isTargetsWord)
        #expect(!failure.message.contains("secret"))
        #expect(!failure.told("INSERT INTO people").message.contains("secret"))
    }
}
