import RegexBuilder

/// How long a file and a function may be.
enum SizeRule {
    static let fileLineCountMax = 500
    static let functionLineCountMax = 70

    /// Functions that may be longer, as `path name`, each for a reason. May only shrink.
    static let longFunctions: Set<String> = []

    struct Function: Equatable {
        let name: String
        let lineIndex: Int
        let lineCount: Int
    }

    /// Functions, initializers and computed properties with a body of their own.
    ///
    /// Relies on `swift format`: a declaration ends at the next line that is not further indented
    /// and begins with a closing brace.
    static func functions(in file: SourceFile) -> [Function] {
        file.codeLines.indices.compactMap { index in
            guard let name = declaredName(file.codeLines[index]),
                let end = endOfDeclaration(from: index, in: file.codeLines)
            else { return nil }
            return Function(name: name, lineIndex: index, lineCount: end - index + 1)
        }
    }

    static func findings(in file: SourceFile) -> [String] {
        var findings: [String] = []
        if file.lineCount > fileLineCountMax {
            findings.append(
                "\(file.path): \(file.lineCount) lines, \(fileLineCountMax) at most: split it")
        }
        for function in functions(in: file) where function.lineCount > functionLineCountMax {
            guard !longFunctions.contains("\(file.path) \(function.name)") else { continue }
            findings.append(
                "\(file.place(function.lineIndex)): \(function.name) has \(function.lineCount) "
                    + "lines, \(functionLineCountMax) at most: split it")
        }
        return findings
    }

    private static func declaredName(_ line: String) -> String? {
        let words = ["func", "init", "subscript", "var"]
        guard words.contains(where: line.has) else { return nil }
        let modifiers = /\s*(?:[@\w().:]+\s+)*?/
        let declaration = /(?:func\s+([^\s(<]+)|(init)[?!]?[(<]|(deinit)\b|(subscript)[(<])/
        if let match = line.prefixMatch(
            of: Regex {
                modifiers; declaration
            })
        {
            let (_, function, initializer, deinitializer, _) = match.output
            return String(function ?? initializer ?? deinitializer ?? "subscript")
        }
        let property = /\s*(?:[@\w().:]+\s+)*?var\s+(\w+)\b.*\{/
        return line.wholeMatch(of: property).map { String($0.1) }
    }

    private static func endOfDeclaration(from start: Int, in lines: [String]) -> Int? {
        let indent = indentation(lines[start])
        for index in lines.indices.dropFirst(start + 1) {
            let line = lines[index].drop { $0 == " " }
            guard !line.isEmpty, indentation(lines[index]) <= indent else { continue }
            if line.hasPrefix(")") || line.hasPrefix("where ") || line.hasPrefix("#") { continue }
            return indentation(lines[index]) == indent && line.hasPrefix("}") ? index : nil
        }
        return nil
    }

    private static func indentation(_ line: String) -> Int { line.prefix { $0 == " " }.count }
}
