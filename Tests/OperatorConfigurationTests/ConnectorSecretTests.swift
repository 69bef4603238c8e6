import Foundation
import KindTesting
import OperatorConfiguration
import SegmentModel
import StorageIO
import StorageTesting
import Testing

/// One rule for a password, wherever it comes from.
@Suite("Passwords, by every way")
struct ConnectorSecretTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let bytes: [UInt8]
        /// The password, or why there is none.
        let result: Result<String, SecretText.Problem>
        let testDescription: String

        init(
            _ name: String, _ bytes: some Sequence<UInt8>,
            _ result: Result<String, SecretText.Problem>
        ) {
            (testDescription, self.bytes, self.result) = (name, Array(bytes), result)
        }
    }

    static let cases = [
        Case("plain", "CANARY".utf8, .success("CANARY")),
        Case("LF", "CANARY\n".utf8, .success("CANARY")),
        Case("CR LF", "CANARY\r\n".utf8, .success("CANARY")),
        Case("more lines", "CANARY\nsecond\n".utf8, .success("CANARY")),
        Case("more lines, CR LF", "CANARY\r\nsecond".utf8, .success("CANARY")),
        Case("CR alone ends nothing", "CAN\rARY\r".utf8, .success("CAN\rARY\r")),
        Case("one of two CR belongs to the end", "CANARY\r\r\n".utf8, .success("CANARY\r")),
        Case("blanks", " CAN ARY\t\n".utf8, .success(" CAN ARY\t")),
        Case(
            "line separators of Unicode", "CAN\u{2028}ARY\n".utf8,
            .success("CAN\u{2028}ARY")),
        Case("accents stay as they are written", "e\u{301}é\n".utf8, .success("e\u{301}é")),
        Case("empty", [], .failure(.empty)),
        Case("empty line", "\nCANARY".utf8, .failure(.empty)),
        Case("empty line, CR LF", "\r\nCANARY".utf8, .failure(.empty)),
        Case("not UTF-8", [0x43, 0xFF, 0x0A], .failure(.notUTF8)),
        Case("half a character", [0x43, 0xC3, 0x0A], .failure(.notUTF8)),
        Case(
            "the longest", [UInt8](repeating: 0x41, count: Limits.secretByteCountMax),
            .success(String(repeating: "A", count: Limits.secretByteCountMax))),
        Case(
            "too long", [UInt8](repeating: 0x41, count: Limits.secretByteCountMax + 1),
            .failure(.tooLong)),
        Case(
            "too long behind a short line",
            Array("CANARY\n".utf8) + [UInt8](repeating: 0x41, count: Limits.secretByteCountMax),
            .failure(.tooLong)),
    ]

    private func secret(_ system: any FileSystem, _ place: ConnectorDefinition.Secret)
        throws(Failure) -> String?
    {
        var definition = ConnectorDefinition(
            name: "c", kind: .postgresql, url: "postgresql://u@h/d")
        definition.secret = place
        var state = ConfigurationState()
        state.apply(ConfigurationChange(connectors: [("c", definition)]), at: Position(3))
        return try ConnectorSecret(directory: "/d", state: state, fileSystem: system)
            .find(definition)
    }

    private func expect(
        _ case: Case, _ place: String, _ found: () throws(Failure) -> String?
    ) {
        let result: Result<String?, Failure>
        do throws(Failure) {
            result = .success(try found())
        } catch {
            result = .failure(error)
        }
        switch (`case`.result, result) {
        case (.success(let text), .success(let found)):
            // By bytes: texts that look alike are equal to ==.
            #expect(found.map { Array($0.utf8) } == Array(text.utf8), "\(place)")
        case (.failure, .failure(let failure)):
            #expect(failure.code == .configurationInvalid, "\(place)")
            #expect(failure.hint != nil, "\(place)")
            #expect(!failure.description.contains("CANARY"), "\(place)")
        case (_, let result):
            Issue.record("\(`case`.testDescription), \(place): \(result)")
        }
    }

    @Test("A file and a variable are read by one rule", arguments: cases)
    func oneRule(_ given: Case) throws {
        let system = SimulatedFileSystem(files: ["/p": given.bytes])
        expect(given, "file") { () throws(Failure) in try secret(system, .file("/p")) }
        let name = "SEGLEDGER_TEST_\(UUID().uuidString.replacingOccurrences(of: "-", with: ""))"
        // A variable ends with its first NUL.
        let value = given.bytes.map { CChar(bitPattern: $0) } + [0]
        try #require(setenv(name, value, 1) == 0)
        defer { unsetenv(name) }
        expect(given, "variable") { () throws(Failure) in
            try secret(system, .environment(name))
        }
    }

    @Test("A text and a URL are read by the same rule", arguments: cases)
    func configuration(_ given: Case) throws {
        guard let text = String(validating: given.bytes, as: UTF8.self) else { return }
        let escaped = given.bytes.map { "%" + (($0 < 16 ? "0" : "") + String($0, radix: 16)) }
            .joined()
        // In JSON, which YAML is, every character can be written.
        let quoted = String(
            decoding: try JSONEncoder().encode(text), as: UTF8.self)
        for (place, yaml) in [
            ("text", "kind: postgresql, url: 'postgresql://u@h/d', password: \(quoted)"),
            ("url", "kind: postgresql, url: 'postgresql://u:\(escaped)@h/d'"),
        ] {
            expect(given, place) { () throws(Failure) in
                do throws(ConfigurationFaults) {
                    return try parse(connector(yaml)).storedSecrets["c"]
                } catch {
                    var failure = error.failure
                    if failure.hint == nil {
                        failure = Failure(failure.code, failure.message, hint: "")
                    }
                    return try { () throws(Failure) -> String? in throw failure }()
                }
            }
        }
    }

    @Test("NUL is no part of a password")
    func nul() throws {
        let system = SimulatedFileSystem(files: ["/p": [0x43, 0, 0x43]])
        #expect(throws: Failure.self) { try secret(system, .file("/p")) }
        #expect(throws: ConfigurationFaults.self) {
            try parse(connector("kind: postgresql, url: 'postgresql://u:a%00b@h/d'"))
        }
    }

    @Test("What is not there is told with its place")
    func missing() throws {
        let system = SimulatedFileSystem(directories: "/d")
        for (place, says) in [
            (ConnectorDefinition.Secret.file("/no"), "/no"),
            (.environment("SEGLEDGER_TEST_UNSET"), "SEGLEDGER_TEST_UNSET is not set"),
            (.stored, "/d/secrets.json"),
        ] {
            let failure = try #require(throws: Failure.self) { try secret(system, place) }
            #expect(failure.message.contains(says), "\(failure)")
            #expect(failure.message.hasPrefix("connector c"), "\(failure)")
            #expect(failure.hint != nil)
        }
        #expect(try secret(system, .none) == nil)
    }

    @Test("A gigabyte, a device and a pipe are no password file, and cost nothing")
    func special() throws {
        let system = LocalFileSystem()
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "segledger-secret-\(UUID().uuidString)").path
        try system.makeDirectory(directory)
        defer {
            #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: directory) }
        }
        let large = try system.open(directory + "/large", .createNew)
        try large.write([0x41], at: 1 << 30)
        try large.close()
        try #require(mkfifo(directory + "/pipe", 0o600) == 0)
        for path in [directory + "/large", directory + "/pipe", directory, "/dev/zero"] {
            let failure = try #require(throws: Failure.self) { try secret(system, .file(path)) }
            #expect(failure.message.contains(path), "\(failure)")
            #expect(failure.hint?.contains("regular file") == true, "\(failure)")
        }
    }
}
