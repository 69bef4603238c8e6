/// The commands and options that a page describes, or that the program has.
struct CommandReference: Equatable {
    /// Long options, as `--name`, by the command's words; `[]` holds those of every command.
    var options: [[String]: Set<String>] = [:]

    /// Reads docs/reference/cli.md: a heading `` `segledger audit members ID` `` starts a command,
    /// inline code that begins with `--` names an option of it. What stands before the first such
    /// heading holds for every command.
    init(markdown: Markdown) {
        var path: [String] = []
        options[path] = []
        for line in markdown.lines {
            if line.hasPrefix("#") {
                guard let command = Markdown.codes(line).first, command.hasPrefix("segledger ")
                else { continue }
                path = command.split(separator: " ").dropFirst()
                    .prefix { $0.allSatisfy { $0.isLowercase || $0 == "-" } && !$0.hasPrefix("-") }
                    .map(String.init)
                options[path, default: []] = []
            } else {
                for code in Markdown.codes(line) where code.hasPrefix("--") {
                    let name = code.prefix { $0 == "-" || $0.isLetter || $0.isNumber }
                    options[path, default: []].insert(String(name))
                }
            }
        }
    }

    /// Takes the commands from what `--experimental-dump-help` prints.
    init(dump: ToolDump) {
        add(dump.command, path: [])
        options[[]] = nil
    }

    private mutating func add(_ command: ToolDump.Command, path: [String]) {
        options[path] = command.longOptions.subtracting(["--help", "--version"])
        for subcommand in command.subcommands ?? [] where subcommand.commandName != "help" {
            add(subcommand, path: path + [subcommand.commandName])
        }
    }

    /// Where a page and the program disagree.
    static func differences(page: CommandReference, program: CommandReference) -> [String] {
        let common = page.options[[]] ?? []
        var findings: [String] = []
        for (path, options) in program.options {
            let name = path.joined(separator: " ")
            guard let described = page.options[path] else {
                findings.append("cli.md has no heading for `segledger \(name)`")
                continue
            }
            for option in options.subtracting(described).subtracting(common) {
                findings.append("cli.md does not say that `segledger \(name)` takes \(option)")
            }
            for option in described.subtracting(options).subtracting(["--help", "--version"]) {
                findings.append("`segledger \(name)` has no \(option), but cli.md says so")
            }
        }
        for path in page.options.keys where program.options[path] == nil && !path.isEmpty {
            findings.append("there is no `segledger \(path.joined(separator: " "))`")
        }
        let known = program.options.values.reduce(into: Set(["--help", "--version"])) {
            $0.formUnion($1)
        }
        for option in common.subtracting(known) {
            findings.append("no command takes \(option), but cli.md says that every one does")
        }
        return findings.sorted()
    }
}

/// The part of ArgumentParser's `--experimental-dump-help` that we read (ArgumentParserToolInfo).
struct ToolDump: Decodable {
    struct Command: Decodable {
        let commandName: String
        let subcommands: [Command]?
        let arguments: [Argument]?
        let shouldDisplay: Bool?

        var longOptions: Set<String> {
            Set(
                (arguments ?? []).filter { $0.shouldDisplay != false }.flatMap { argument in
                    (argument.names ?? []).filter { $0.kind == "long" }.map { "--\($0.name)" }
                })
        }
    }

    struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String
        }

        let names: [Name]?
        let shouldDisplay: Bool?
    }

    let command: Command
}
