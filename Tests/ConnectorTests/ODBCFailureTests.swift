import Connector
import ConnectorODBC
import KindTesting
import Testing

/// No SQL Server and no Oracle is there to be asked: the tables are tested by the numbers and texts
/// that their manuals print.
@Suite("Failures of SQL Server and Oracle")
struct ODBCFailureTests {
    @Test(
        "SQL Server's numbers are of the class that decides what happens next",
        arguments: [
            ([1205, 1222, 701, 1105, 9002, 3960, 976, 3906, 40501, 49918, 10928], .transient),
            ([102, 105, 156, 207, 208, 213, 229, 262, 2812, 4060, 18456, 18470], .permanent),
            ([2627, 2601, 547, 515, 8152, 2628, 245, 8114, 220, 8115, 241, 242], .values),
            ([8672], .repeatedKey), ([191, 8003, 8623, 8631, 8632, 10738], .tooLarge),
            ([233, 64, 10054, 10060, 121, 40613], .transient),
        ] as [([Int], TargetFailure.Class)])
    func sqlServer(_ numbers: [Int], _ expected: TargetFailure.Class) {
        for number in numbers {
            let failure = ODBCDialect.sqlServer.failure(state: "42000", native: number)
            #expect(failure.class == expected, "\(number)")
            #expect(failure.targetCode == String(number))
        }
    }

    @Test(
        "Oracle's numbers are of the class that decides what happens next",
        arguments: [
            (
                [54, 60, 1555, 8177, 1652, 1653, 1654, 1536, 4021, 4031, 16000, 1013, 25408],
                .transient
            ),
            ([900, 904, 911, 936, 942, 1017, 1031, 28000, 28001, 955, 12154, 6550], .permanent),
            ([1, 1400, 1401, 12899, 1407, 1438, 1722, 1839, 1861, 2290, 2291, 2292], .values),
            ([30926], .repeatedKey), ([1745, 1795], .tooLarge),
            ([1033, 1034, 1089, 1090, 12514, 12541, 12170, 12537, 3113, 3114, 3135], .transient),
        ] as [([Int], TargetFailure.Class)])
    func oracle(_ numbers: [Int], _ expected: TargetFailure.Class) {
        for number in numbers {
            let failure = ODBCDialect.oracle.failure(state: "HY000", native: number)
            #expect(failure.class == expected, "\(number)")
            #expect(
                failure.targetCode
                    == "ORA-" + String(repeating: "0", count: 5 - String(number).count)
                    + String(number))
        }
    }

    @Test("INV-10: a number that THROW or RAISE_APPLICATION_ERROR is given may be a value")
    func madeUp() {
        for (dialect, numbers) in [
            (ODBCDialect.sqlServer, [50_000, 50_001, 98_317]), (.oracle, [20_000, 20_831, 20_999]),
        ] {
            for number in numbers {
                let failure = dialect.failure(state: "42000", native: number, message: "secret")
                #expect(failure.class == .values && failure.isTargetsWord)
                #expect(failure.targetCode == "other")
                #expect(!failure.message.contains("secret"))
            }
        }
    }

    @Test("A missing right and a lost connection are told apart from the rest")
    func marks() {
        let server = ODBCDialect.sqlServer, oracle = ODBCDialect.oracle
        #expect(server.failure(state: "42000", native: 229).isRightMissing)
        #expect(server.failure(state: "42000", native: 262).isRightMissing)
        #expect(oracle.failure(state: "HY000", native: 1031).isRightMissing)
        #expect(!server.failure(state: "42S02", native: 208).isRightMissing)
        #expect(server.failure(state: "08S01", native: 10054).isConnectionLost)
        #expect(oracle.failure(state: "HY000", native: 3113).isConnectionLost)
        #expect(!oracle.failure(state: "HY000", native: 60).isConnectionLost)
        #expect(oracle.repeatedKeyCodes.contains(oracle.failure(state: "", native: 1).targetCode))
        #expect(
            server.repeatedKeyCodes.contains(server.failure(state: "", native: 2627).targetCode))
    }

    @Test(
        "A number that is not known goes by its state",
        arguments: [
            ("08S01", .transient), ("40001", .transient), ("HYT00", .transient),
            ("HYT01", .transient), ("22001", .values), ("23000", .values), ("21S01", .values),
            ("42000", .permanent), ("28000", .permanent), ("HY000", .permanent),
            ("07002", .permanent),
        ] as [(String, TargetFailure.Class)])
    func states(_ state: String, _ expected: TargetFailure.Class) {
        for dialect in [ODBCDialect.sqlServer, .oracle] {
            for native in [0, 49_999] {
                let failure = dialect.failure(state: state, native: native, message: "secret")
                #expect(failure.class == expected)
                #expect(!failure.targetCode.isEmpty)
                #expect(!failure.message.contains("secret"))
            }
        }
    }

    @Test("Before a session stands, what no later try will change is permanent")
    func connecting() {
        let server = ODBCDialect.sqlServer
        for (state, native, expected) in [
            ("IM002", 0, TargetFailure.Class.permanent), ("01000", 0, .permanent),
            ("28000", 18456, .permanent), ("08001", 10060, .transient), ("08001", 0, .transient),
            ("HYT00", 0, .transient),
        ] {
            let failure = server.failure(state: state, native: native, isConnecting: true)
            #expect(failure.class == expected, "\(state)")
            #expect(failure.isConnectionLost)
            #expect(failure.hint != nil)
        }
    }

    @Test(
        "INV-10: names are taken from their places, and no value from anywhere",
        arguments: [
            (208, "Invalid object name 'crm.dbo.nowhere'.", ": crm.dbo.nowhere"),
            (207, "Invalid column name 'nothing'.", ": nothing"),
            (
                2627,
                "Violation of PRIMARY KEY constraint 'key_1'. Cannot insert duplicate key in "
                    + "object 'dbo.t'. The duplicate key value is (1, secret).", ": key_1"
            ),
            (
                515,
                "Cannot insert the value NULL into column 'c', table 'crm.dbo.t'; column does not "
                    + "allow nulls. INSERT fails.", ": c"
            ),
            (
                2628,
                "String or binary data would be truncated in table 'crm.dbo.t', column 'c'. "
                    + "Truncated value: 'secret'.", ""
            ),
            (245, "Conversion failed when converting the varchar value 'secret' to int.", ""),
            (102, "Incorrect syntax near 'secret'.", ""),
            (105, "Unclosed quotation mark after the character string 'secret'.", ""),
            (208, "Invalid object name 'secret'.", ""),
            (208, "Ungültiger Objektname 'secret'.", ""),
            (50000, "secret", ""),
        ])
    func namesOfSQLServer(_ number: Int, _ message: String, _ name: String) {
        let failure = ODBCDialect.sqlServer.failure(
            state: "42000", native: number, message: message
        ).told("crm.dbo.nowhere (nothing, key_1, c)")
        #expect(!failure.message.contains("secret"))
        #expect(name.isEmpty ? !failure.message.contains(": ") : failure.message.hasSuffix(name))
    }

    @Test(
        "INV-10: names of Oracle's messages",
        arguments: [
            (904, "ORA-00904: \"S\".\"NOTHING\": invalid identifier", ": S.NOTHING"),
            (942, "ORA-00942: table or view \"S\".\"T\" does not exist", ": S.T"),
            (942, "ORA-00942: table or view does not exist", ""),
            (1, "ORA-00001: unique constraint (S.KEY_1) violated", ": S.KEY_1"),
            (1400, "ORA-01400: cannot insert NULL into (\"S\".\"T\".\"C\")", ": S.T.C"),
            (
                12899,
                "ORA-12899: value too large for column \"S\".\"T\".\"C\" (actual: 9, maximum: 3)",
                ": S.T.C"
            ),
            (1722, "ORA-01722: unable to convert string value containing 'secret'", ""),
            (
                2291, "ORA-02291: integrity constraint (S.F) violated - parent key not found",
                ": S.F"
            ),
            (942, "ORA-00942: table or view \"SECRET\" does not exist", ""),
            (20001, "ORA-20001: secret", ""),
        ])
    func namesOfOracle(_ number: Int, _ message: String, _ name: String) {
        let failure = ODBCDialect.oracle.failure(state: "HY000", native: number, message: message)
            .told("s.nothing s.t s.key_1 s.t.c s.f")
        #expect(!failure.message.contains("secret"))
        #expect(name.isEmpty ? !failure.message.contains(": ") : failure.message.hasSuffix(name))
    }
}
