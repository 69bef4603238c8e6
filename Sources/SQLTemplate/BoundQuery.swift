internal import SegmentModel

/// A query whose values stand beside its text: what `CompiledTemplate.renderBound` makes and a
/// session sends as parameters of a prepared statement.
///
/// Layout of `values`, by `shape`:
///
///     shared values | row 0: one value per column | row 1 … | values of the list
///
/// A shared value belongs to the whole query and stands once, however often the text names it.
/// Each value's bytes end with a zero byte that does not count: C clients take them as they are.
package struct BoundQuery: Sendable {
    /// One parameter, among `bytes`.
    package struct Value: Sendable {
        package var offset: UInt32
        /// -1: NULL.
        package var count: Int32

        package var isNull: Bool { count < 0 }
    }

    package var shape: BoundShape
    package var values: [Value]
    package var bytes: [UInt8]

    /// Bytes of a query of this kind on its way, with room to spare for what stands around a value.
    package var byteCountOnWire: Int { bytes.count + values.count * 16 + shape.sql.count }
}

/// What bound queries of one template and one number of rows have in common. Sessions keep prepared
/// statements by its identity.
package final class BoundShape: Sendable {
    /// What a literal without quotes is to the database: a parameter is declared to be the same.
    package enum ValueType: UInt8, Sendable {
        /// A literal in quotes: the database gives it the type that its place asks for.
        case text
        /// Digits that fit into 32 bits, or 64.
        case int32, int64
        case boolean
    }

    /// A placeholder of `rowSQL`.
    package enum RowParameter: Hashable, Sendable {
        case shared(Int)
        case column(Int)
    }

    /// The whole query, with the dialect's placeholders: `$1`, or `?1` for SQLite, is the first of
    /// `BoundQuery.values`. Empty where the dialect binds single rows only.
    package let sql: [UInt8]
    /// The same query for a single row, and a list of one value.
    package let rowSQL: [UInt8]
    /// The placeholders of `rowSQL` in its order, where they are not numbered.
    package let rowParameters: [RowParameter]
    package let sharedTypes: [ValueType]
    package let columnTypes: [ValueType]
    package let listType: ValueType
    package let rowCount: Int
    package let listCount: Int
    /// Stands in the text.
    let segment: SegmentID
    let plan: BoundPlan.Identity

    init(
        sql: [UInt8], rowSQL: [UInt8], rowParameters: [RowParameter], types: BoundTypes,
        rowCount: Int, listCount: Int, segment: SegmentID, plan: BoundPlan.Identity
    ) {
        self.sql = sql
        self.rowSQL = rowSQL
        self.rowParameters = rowParameters
        sharedTypes = types.shared
        columnTypes = types.columns
        listType = types.list
        self.rowCount = rowCount
        self.listCount = listCount
        self.segment = segment
        self.plan = plan
    }

    package var valueCount: Int { sharedTypes.count + rowCount * columnTypes.count + listCount }

    /// The type of the n-th of `BoundQuery.values`.
    package func type(ofValue index: Int) -> ValueType {
        if index < sharedTypes.count { return sharedTypes[index] }
        let place = index - sharedTypes.count
        return place < rowCount * columnTypes.count
            ? columnTypes[place % columnTypes.count] : listType
    }

    /// The value of `rowSQL` that stands where the n-th of `sql` does.
    package func rowValue(ofValue index: Int) -> Int {
        if index < sharedTypes.count { return index }
        let place = index - sharedTypes.count
        return place < rowCount * columnTypes.count
            ? sharedTypes.count + place % columnTypes.count
            : sharedTypes.count + columnTypes.count
    }

    /// Whether all values are literals in quotes.
    package var isUntyped: Bool {
        listType == .text && sharedTypes.allSatisfy { $0 == .text }
            && columnTypes.allSatisfy { $0 == .text }
    }
}

/// Types of the values of one query.
struct BoundTypes: Hashable {
    var shared: [BoundShape.ValueType] = []
    var columns: [BoundShape.ValueType] = []
    var list = BoundShape.ValueType.text
}

/// The shapes that one user of templates met last; not shared between threads.
///
/// A full batch has the same shape every time, so the text is written once and not for each batch.
package struct BoundShapes: Sendable {
    /// Shapes kept: of the full batch, and of some rests.
    package static let countMax = 8

    private var shapes: [BoundShape] = []

    package init() {}

    package var count: Int { shapes.count }

    mutating func find(
        _ plan: BoundPlan, rowCount: Int, listCount: Int, _ types: BoundTypes,
        _ segment: SegmentID
    ) -> BoundShape? {
        let found = shapes.firstIndex { shape in
            shape.plan === plan.identity && shape.rowCount == rowCount
                && shape.listCount == listCount
                && shape.listType == types.list && shape.columnTypes == types.columns
                && shape.sharedTypes == types.shared && shape.segment == segment
        }
        guard let found else { return nil }
        let shape = shapes[found]
        if found > 0 {
            shapes.remove(at: found)
            shapes.insert(shape, at: 0)
        }
        return shape
    }

    mutating func keep(_ shape: BoundShape) {
        if shapes.count == Self.countMax { shapes.removeLast() }
        shapes.insert(shape, at: 0)
    }
}
