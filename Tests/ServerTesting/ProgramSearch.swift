internal import Foundation

enum ProgramSearch {
    /// The path of a server's program, which may lie where only root looks.
    static func find(_ program: String, package: String) throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/bin"]
        let found = folders.map { "\($0)/\(program)" }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
        guard let found else {
            throw ServerProblem(
                description: "the program \(program) is missing: install the package \(package) "
                    + "(make test does)")
        }
        return found
    }
}
