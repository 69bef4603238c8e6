/// A form of SQL that some kinds of database have and others do not: what queries that were written
/// for another database bring along.
package enum SQLForm: String, CaseIterable, Sendable {
    case deleteLimit, updateLimit, selectLimit
    case top, fetchFirst, fetchWithoutOffset
    case onDuplicateKey, onConflict, conflictWithoutTarget
    /// `INSERT … SELECT … FROM t ON CONFLICT`, without a WHERE before it.
    case conflictBehindFrom
    case insertIgnore, insertOr, insertSet, insertAll, replaceInto
    /// `VALUES (…) AS new ON DUPLICATE KEY`.
    case rowAlias
    /// Several rows behind one VALUES of an INSERT.
    case valueRows
    case merge, mergeWithoutEnd, mergeBySource
    case returning, output
    case truncate, truncateWithoutTable
    case update, updateFrom, updateJoin
    case delete, deleteUsing, deleteJoin
    case fullJoin
    /// `FROM t AS x`.
    case tableAlias
    case castOperator, ilike
    /// `a || b`.
    case bars
    /// TRUE and FALSE.
    case booleanWord
    /// `VALUES ("a")`, where a quoted name can name nothing.
    case quotedValue
    /// `= ''`.
    case emptyText
    case nowFunction, getdateFunction, sysdateWord
    /// Names in `` `…` `` and in `[…]`.
    case backtickName, bracketName
}

/// What a kind of database says to a form of SQL that it does not have, or reads as something else.
package struct SQLLack: Sendable {
    package let form: SQLForm
    /// An error: no version of it has the form. A warning: some have not, or read it otherwise. A
    /// note: old ones have not.
    package let severity: TemplateDiagnostic.Severity
    /// One sentence without a full stop.
    package let message: String
    /// What to write instead, in a form that the kind has.
    package let hint: String
    /// The page of its manual that says so.
    package let source: String

    package init(
        _ form: SQLForm, _ message: String, hint: String, source: String,
        as severity: TemplateDiagnostic.Severity = .error
    ) {
        self.form = form
        self.severity = severity
        self.message = message
        self.hint = hint
        self.source = source
    }
}
