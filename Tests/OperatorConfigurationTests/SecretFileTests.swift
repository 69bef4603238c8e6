import OperatorConfiguration
import SegmentModel
import StorageIO
import StorageTesting
import Testing

/// Passwords that the data directory keeps: which one holds, whatever happens while they change.
@Suite("The file of passwords")
struct SecretFileTests {
    private let directory = "/d"
    private var path: String { directory + "/" + SecretFile.name }

    private func file(_ system: any FileSystem) -> SecretFile {
        SecretFile(directory: directory, fileSystem: system)
    }

    /// What `apply` does with the file, the event at `position` between the two steps.
    private func apply(
        _ passwords: [String: String], at position: UInt64, _ system: any FileSystem,
        before: SecretFile.Uses, after: SecretFile.Uses
    ) throws {
        try file(system).add(passwords, from: Position(position), uses: before)
        try file(system).removeUnused(after)
    }

    private func text(_ system: SimulatedFileSystem) -> String {
        system.files.values.map { String(decoding: $0, as: UTF8.self) }.joined()
    }

    @Test("INV-10: a password goes with its last use: removed, elsewhere now, renamed, replaced")
    func removal() throws {
        let system = SimulatedFileSystem(directories: directory)
        let (one, two) = (["c": Position(1)], ["c": Position(1), "d": Position(2)])
        try apply(["c": "OLD-C"], at: 1, system, before: [:], after: one)
        try apply(["d": "OLD-D"], at: 2, system, before: one, after: two)
        #expect(try file(system).password(of: "c", at: Position(1)) == "OLD-C")
        #expect(try file(system).password(of: "d", at: Position(9)) == "OLD-D")
        // Replaced.
        let three = ["c": Position(3), "d": Position(2)]
        try apply(["c": "NEW-C"], at: 3, system, before: two, after: three)
        #expect(!text(system).contains("OLD-C"))
        #expect(try file(system).password(of: "c", at: Position(3)) == "NEW-C")
        // Renamed: removed under one name, given under another.
        let four = ["e": Position(4), "d": Position(2)]
        try apply(["e": "NEW-E"], at: 4, system, before: three, after: four)
        #expect(!text(system).contains("NEW-C"))
        #expect(try file(system).password(of: "c", at: Position(9)) == nil)
        // Elsewhere now.
        let five = ["e": Position(4)]
        try apply([:], at: 5, system, before: four, after: five)
        #expect(!text(system).contains("OLD-D"))
        #expect(text(system).contains("NEW-E"))
        // The last one: the file goes too.
        try apply([:], at: 6, system, before: five, after: [:])
        #expect(system.files.isEmpty)
    }

    @Test("A password whose event never came is not in force, and goes with the next apply")
    func failedApply() throws {
        let system = SimulatedFileSystem(directories: directory)
        let uses = ["c": Position(1)]
        try apply(["c": "OLD"], at: 1, system, before: [:], after: uses)
        // The append fails.
        try file(system).add(["c": "NEVER"], from: Position(5), uses: uses)
        #expect(try file(system).password(of: "c", at: Position(1)) == "OLD")
        // Other events come to stand there, and a later apply does not give it a meaning.
        try file(system).add(["d": "D"], from: Position(9), uses: uses)
        #expect(!text(system).contains("NEVER"))
        #expect(try file(system).password(of: "c", at: Position(9)) == "OLD")
    }

    @Test("Files of versions before are read, and kept where their passwords are in use")
    func oldForm() throws {
        let system = SimulatedFileSystem(files: [
            path: Array("{\"c\":\"OLD\",\"version\":\"V\"}".utf8)
        ])
        #expect(try file(system).password(of: "c", at: Position(0)) == "OLD")
        #expect(try file(system).password(of: "version", at: Position(7)) == "V")
        try file(system).removeUnused(["c": Position(3)])
        #expect(try file(system).password(of: "c", at: Position(3)) == "OLD")
        #expect(try file(system).password(of: "version", at: Position(7)) == nil)
    }

    @Test("INV-10: what is no file of passwords is refused without a word of it")
    func damaged() throws {
        for text in [
            "", "CANARY", "[\"CANARY\"]", "{\"CANARY\":1}", "{\"version\":2,\"secrets\":[{}]}",
            "{\"version\":2,\"secrets\":[{\"connector\":\"c\",\"from\":-1,"
                + "\"password\":\"CANARY\"}]}",
        ] {
            let system = SimulatedFileSystem(files: [path: Array(text.utf8)])
            let failure = try #require(throws: Failure.self, "\(text)") {
                try file(system).add(["c": "CANARY"], from: Position(0), uses: [:])
            }
            #expect(!failure.description.contains("CANARY"))
            #expect(failure.hint != nil)
        }
    }

    /// A file as it stood before a step, and as it stands after it.
    private func changed() throws -> (SimulatedFileSystem, old: [UInt8], new: [UInt8]) {
        let uses = ["c": Position(1)]
        let first = SimulatedFileSystem(directories: directory)
        try apply(["c": "OLD"], at: 1, first, before: [:], after: uses)
        let old = first.files[path]!
        // Also what an earlier crash left.
        let system = SimulatedFileSystem(files: [path: old, path + ".new": Array("CANARY".utf8)])
        try file(system).add(["c": "NEW"], from: Position(5), uses: uses)
        return (system, old, system.files[path]!)
    }

    @Test(
        "INV-10: a crash at any moment leaves the old file or the new one, and no third",
        arguments: CrashMode.allCases)
    func crashes(mode: CrashMode) throws {
        let (system, old, new) = try changed()
        var history = system.history
        var seen: Set<[UInt8]> = []
        while true {
            for seed in TestRegime.seeds(8) {
                let disk = history.crashImage(mode, seed: seed)
                let found = try #require(disk.files[path], "seed \(seed)")
                #expect(found == old || found == new, "seed \(seed)")
                seen.insert(found)
                // The next apply finds its way, and leaves nothing aside.
                try file(disk).removeUnused(["c": Position(5)])
                #expect(Array(disk.files.keys) == [path], "seed \(seed)")
                #expect(
                    try file(disk).password(of: "c", at: Position(1))
                        == (found == new ? nil : "OLD"), "seed \(seed)")
            }
            if history.isAtEnd { break }
            history.advance()
        }
        #expect(history.isSettled)
        #expect(seen == [old, new])
    }

    @Test("A failure of any call is told, and leaves the old password or the new one in force")
    func faults() throws {
        let uses = ["c": Position(1)]
        let (whole, old, _) = try changed()
        for operation in 0..<whole.operationCount {
            for effect in InjectedFault.Effect.allCases {
                let system = SimulatedFileSystem(files: [
                    path: old, path + ".new": Array("CANARY".utf8),
                ])
                system.arm(InjectedFault(operation: operation, errno: 28, effect: effect))
                let failure = try #require(throws: Failure.self, "\(operation) \(effect)") {
                    try file(system).add(["c": "NEW"], from: Position(5), uses: uses)
                }
                #expect(!failure.description.contains("NEW"))
                system.arm(nil)
                #expect(try file(system).password(of: "c", at: Position(1)) == "OLD")
                try file(system).add(["c": "NEW"], from: Position(5), uses: uses)
                #expect(try file(system).password(of: "c", at: Position(5)) == "NEW")
            }
        }
    }

    @Test("A configuration that is applied again writes nothing")
    func unchanged() throws {
        let system = SimulatedFileSystem(directories: directory)
        let uses = ["c": Position(1)]
        try apply(["c": "OLD"], at: 1, system, before: [:], after: uses)
        let changes = system.changeCount
        try file(system).removeUnused(uses)
        #expect(system.changeCount == changes)
    }
}
