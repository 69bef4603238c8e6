import Testing

@Suite("Which module imports which")
struct ModuleMapTests {
    @Test("every import is declared and comes from a row above")
    func importDirection() throws {
        let manifest = Manifest(text: try Repository.text("Package.swift"))
        let findings = try Repository.swiftFiles(in: "Sources").flatMap {
            ModuleRows.findings(in: $0, manifest: manifest)
        }
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test("what is declared is imported by a file of its target")
    func declaredIsImported() throws {
        let manifest = Manifest(text: try Repository.text("Package.swift"))
        let findings = ModuleRows.unused(
            in: manifest, files: try Repository.swiftFiles(in: "Sources"))
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    @Test("a dependency that nothing imports is found")
    func unusedDependencies() {
        let manifest = Manifest(text: "module(\"Sync\", [\"SegmentModel\", \"Ledger\"])")
        let file = SourceFile(
            path: "Sources/Sync/X.swift", text: "package import SegmentModel\n// import Ledger\n")
        #expect(
            ModuleRows.unused(in: manifest, files: [file]) == [
                "Sync declares Ledger in Package.swift, and no file of it imports it"
            ])
    }

    @Test("declared dependencies come from a row above")
    func declaredDirection() throws {
        let manifest = Manifest(text: try Repository.text("Package.swift"))
        for (target, dependencies) in manifest.dependencies {
            guard case .row(let row) = ModuleRows.rows[target] else { continue }
            for dependency in dependencies {
                guard case .row(let other) = ModuleRows.rows[dependency] else { continue }
                #expect(other < row, "\(target) (row \(row)) needs \(dependency) (row \(other))")
            }
        }
    }

    @Test("the rows list the directories under Sources, and the manifest's targets")
    func rowsAreComplete() throws {
        let directories = Set(try Repository.directories(in: "Sources"))
        let modules = ModuleRows.rows.filter { $0.value != .tool }.keys
        #expect(directories.subtracting(ModuleRows.rows.keys) == [], "give them a row")
        #expect(Set(modules).subtracting(directories) == [], "they have a row and no source")
        let manifest = Manifest(text: try Repository.text("Package.swift"))
        #expect(
            Set(modules).subtracting(manifest.dependencies.keys) == [], "not in Package.swift")
    }

    @Test("docs/ARCHITECTURE.md shows the same rows")
    func architectureShowsRows() throws {
        let page = Markdown(text: try Repository.text("docs/ARCHITECTURE.md"))
        var shown: [String: ModuleRows.Place] = [:]
        for row in page.tableRows where row.count >= 2 {
            let place: ModuleRows.Place
            if let number = Int(row[0]) {
                place = .row(number)
            } else if row[0] == "tool" {
                place = .tool
            } else {
                continue
            }
            for name in Markdown.codes(row[1]) { shown[name] = place }
        }
        #expect(shown == ModuleRows.rows)
    }

    @Test("the manifest is read as it is written")
    func manifestReading() {
        let manifest = Manifest(
            text: """
                func module(_ name: String) -> Target { .target(name: name, dependencies: []) }
                let yams = Target.Dependency.product(
                    name: "Yams", package: "Yams")
                // module("Gone", [])
                module("A", []),
                module(
                    "B",
                    [
                        "A", yams, .product(name: "Crypto", package: "swift-crypto"),
                    ], plugins: ["P"]),
                .executableTarget(name: "c", dependencies: ["B"], swiftSettings: [.x("D")]),
                system("CLZ4", pkgConfig: "libpq", package: "liblz4-dev"),
                .target(name: "T", path: "Tests/T"),
                """)
        #expect(
            manifest.dependencies == [
                "A": [], "B": ["A", "Yams", "Crypto"], "c": ["B"], "CLZ4": [], "T": [],
            ])
    }

    @Test(
        "a bad import is found",
        arguments: [
            ("Ledger", "internal import Sync"), ("Ledger", "package import Projection"),
            ("Ledger", "@testable import Connector"), ("Ledger", "import Yams"),
            ("Ledger", "import struct EventJSON.Line"), ("Ledger", "import Dispatch"),
            ("Elsewhere", ""), ("EmbedMigrations", "import SegmentModel"),
        ])
    func badImports(target: String, line: String) {
        let manifest = Manifest(
            text: """
                module("Ledger", ["SegmentModel", "Sync", "Projection", "Connector"])
                module("EmbedMigrations", ["SegmentModel"])
                """)
        let file = SourceFile(path: "Sources/\(target)/X.swift", text: line + "\n")
        #expect(ModuleRows.findings(in: file, manifest: manifest).count == 1)
    }

    @Test("a good import passes")
    func goodImports() {
        let manifest = Manifest(text: "module(\"Ledger\", [\"SegmentModel\"])")
        let text = "internal import Glibc\npackage import SegmentModel\n// import Sync\n"
        let file = SourceFile(path: "Sources/Ledger/X.swift", text: text)
        #expect(ModuleRows.findings(in: file, manifest: manifest) == [])
    }
}
