import SQLTemplate
import SegmentModel

// Target `template`: a template and values from outside. Whatever both are, the template is refused
// or compiles; and if it compiles, no value becomes SQL (INV-7): what is rendered is read by a
// scanner of this folder's own, once with the hostile values and once with harmless ones of the
// same kinds, and both have the same tokens around their literals.
//
// Input: a byte each for the kind, the settings, the mode, the query; the template up to a byte FF;
// the values, each ended by FE, its first byte saying what it is.

private let marker = "zqzq"

/// A value, and a harmless one of its kind that is equal to another's only if both hostile ones
/// are.
private struct Pair {
    var hostile: FieldValue?
    var harmless: FieldValue?
}

private struct Harmless {
    private var texts: [String: Int] = [:]
    private var numbers: [String: Int] = [:]

    mutating func text(_ hostile: String) -> String {
        guard !hostile.isEmpty else { return "" }
        let number = texts[hostile] ?? texts.count
        texts[hostile] = number
        return "a\(number)"
    }

    mutating func number(_ hostile: String) -> String {
        let number = numbers[hostile] ?? numbers.count
        numbers[hostile] = number
        return "1\(number)"
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard input.count > 5 else { return 0 }
    let kinds = ConnectorKind.allCases
    let queries = QueryKind.allCases
    let kind = kinds[Int(input[0]) % kinds.count]
    let settings = settings(of: kind, input[1])
    let query = queries[Int(input[3]) % queries.count]
    let body = input[4...]
    let end = body.firstIndex(of: 0xFF) ?? body.endIndex
    let source = String(decoding: body[..<end], as: UTF8.self)
    let (compiled, diagnostics) = TemplateCompiler(dialect: kind.dialect(settings))
        .compile(source, query: query, mode: input[2] % 2 == 0 ? .batch : .individual)
    for diagnostic in diagnostics {
        precondition(diagnostic.line >= 1 && diagnostic.column >= 1, "a place that is none")
        _ = diagnostic.sourceExcerpt(in: source)
    }
    guard let template = compiled else {
        precondition(diagnostics.contains { $0.severity == .error }, "refused without a reason")
        return 0
    }
    precondition(!diagnostics.contains { $0.severity == .error }, "compiled with an error")
    let isBatch = input[2] % 2 == 0
    let rowCount = !query.hasBatch ? 0 : isBatch ? 3 : 1
    let values = body[end...].dropFirst().split(separator: 0xFE, omittingEmptySubsequences: false)
    check(
        template, SQLRules(kind, settings), source, rowCount,
        values.isEmpty ? [[]] : values.map(Array.init))
    return 0
}

private func settings(of kind: ConnectorKind, _ byte: UInt8) -> SQLSettings {
    var chosen: SQLSettings = []
    for (bit, setting) in kind.settings.enumerated() where byte & (1 << bit) != 0 {
        chosen.formUnion(setting)
    }
    return chosen
}

private func check(
    _ template: CompiledTemplate, _ rules: SQLRules, _ source: String, _ rowCount: Int,
    _ values: [[UInt8]]
) {
    var harmless = Harmless()
    let name = text(values[0], &harmless)
    let slotCount = template.fieldNames.count
    let pairs = (0..<rowCount * slotCount).map { index in
        pair(values[(index + 1) % values.count], &harmless)
    }
    guard let hostile = render(template, pairs.map(\.hostile), rowCount, name.hostile),
        let plain = render(template, pairs.map(\.harmless), rowCount, name.harmless)
    else { return }
    guard let read = SQLScanner.scan(plain, rules) else {
        preconditionFailure("something is open at the end of harmless values")
    }
    guard let hostileRead = SQLScanner.scan(hostile, rules) else {
        preconditionFailure("something is open at the end of hostile values")
    }
    let words = source.lowercased()
    if !words.contains("z") {
        let outside = String(decoding: hostileRead.outside, as: UTF8.self).lowercased()
        precondition(!outside.contains(marker), "a value stands outside of literals")
    }
    // Conditions, and what looks into JSON, may go other ways with other values.
    guard !["{if", "{elseif", "jsonpath"].contains(where: words.contains) else { return }
    precondition(hostileRead.tokens == read.tokens, "a value became SQL")
}

/// nil where a value cannot be rendered.
private func render(
    _ template: CompiledTemplate, _ values: [FieldValue?], _ rowCount: Int, _ name: String
) -> [UInt8]? {
    var rows = RenderRows(slotCount: template.fieldNames.count)
    rows.rowCount = rowCount
    for value in values {
        guard let value else {
            rows.values.append(RenderRows.Value())
            continue
        }
        let offset = UInt32(rows.bytes.count)
        rows.bytes += value.bytes
        let slice = EventBatch.Slice(offset: offset, count: UInt32(value.bytes.count))
        rows.values.append(RenderRows.Value(kind: value.kind, bytes: slice))
    }
    let scope = RenderScope(
        segmentID: SegmentID(42), segmentName: name, integrationName: name,
        eventTime: Timestamp(rawValue: 1_773_309_600_000_000), position: Position(7),
        deliveryID: name)
    var output: [UInt8] = []
    do {
        try template.render(rows, scope, into: &output)
        return output
    } catch {
        return nil
    }
}

// MARK: Values

private func pair(_ bytes: [UInt8], _ harmless: inout Harmless) -> Pair {
    switch (bytes.first ?? 7) % 8 {
    case 4:
        let number = number(bytes)
        return Pair(hostile: .number(number), harmless: .number(harmless.number(number)))
    case 5: return json(bytes, &harmless)
    case 6:
        let value: FieldValue = bytes.count % 3 == 0 ? .null : .boolean(bytes.count % 3 == 1)
        return Pair(hostile: value, harmless: value)
    case 7: return Pair()
    default:
        let text = text(bytes, &harmless)
        return Pair(hostile: .text(text.hostile), harmless: .text(text.harmless))
    }
}

/// What follows the first byte, with the marker before it, behind each character that could matter
/// or not, and at the end or not: a backslash or a quote may be the last character.
private func text(
    _ bytes: [UInt8], _ harmless: inout Harmless
) -> (hostile: String, harmless: String) {
    let isDense = (bytes.first ?? 0) & 8 != 0
    var text = marker
    for scalar in String(decoding: bytes.dropFirst(), as: UTF8.self).unicodeScalars {
        text.unicodeScalars.append(scalar)
        if isDense, !scalar.properties.isAlphabetic { text += marker }
    }
    if (bytes.first ?? 0) & 16 == 0 { text += marker }
    return (text, harmless.text(text))
}

private func number(_ bytes: [UInt8]) -> String {
    let digits = bytes.dropFirst().map { String($0 % 10) }
    let first = digits.prefix(20).joined()
    let fraction = digits.dropFirst(20).prefix(20).joined()
    let exponent = digits.dropFirst(40).prefix(3).joined()
    return ((bytes.first ?? 0) & 8 != 0 ? "-" : "") + "1" + first
        + (fraction.isEmpty ? "" : "." + fraction) + (exponent.isEmpty ? "" : "e-" + exponent)
}

private func json(_ bytes: [UInt8], _ harmless: inout Harmless) -> Pair {
    let text = text(bytes, &harmless)
    let number = number(bytes)
    func build(_ text: String, _ number: String) -> FieldValue {
        let quoted = quoted(text)
        return (bytes.first ?? 0) & 16 != 0
            ? .json("[\(quoted),{\"a\":\(quoted)},\(number),[null,true]]")
            : .json("{\"a\":\(quoted),\"n\":\(number),\"l\":[\(quoted),\(number)],\"o\":{}}")
    }
    return Pair(
        hostile: build(text.hostile, number),
        harmless: build(text.harmless, harmless.number(number)))
}

/// As compact JSON, some characters as escapes.
private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"", "\\": result += "\\\(scalar)"
        case "\u{0}"..<"\u{20}", "'":
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
