/// The statements by which a query would change the session it runs in, of one kind of database.
///
/// What is not allowed is refused: what a query was checked against, and what its values are read,
/// converted and refused by, must hold for all that a session runs. Of SET, only what no server
/// reads SQL by is allowed: a user's own variables, and when constraints are checked.
package struct SessionRules: Sendable {
    package enum Variables: Sendable {
        case none
        /// `SET @x = …`.
        case atSign
        /// `SET app.tenant = …`: a name with a dot, but for those of the server's own modules.
        case dotted
    }

    /// The words that a statement begins with, in capitals.
    package var statements: [[String]] = []
    /// Words behind SET that change no setting.
    package var harmless: Set<String> = []
    /// Words between SET and the setting's name.
    package var scopes: Set<String> = []
    package var variables = Variables.none
    /// Modules whose settings are the server's.
    package var serverModules: Set<String> = []
    /// Statements need no semicolon between them, so that SET can stand in the middle.
    package var isSetAnywhere = false
    /// Routines and tables that change settings.
    package var names: Set<String> = []
    /// Settings that a query's SETTINGS clause may not hold: each session states them.
    package var stated: Set<String> = []
    /// What to do instead, by the setting or the statement; `""` is for all others. `NAME` stands
    /// for the setting.
    package var hints: [String: String] = [:]

    package init(
        statements: [[String]] = [], harmless: Set<String> = [], scopes: Set<String> = [],
        variables: Variables = .none, serverModules: Set<String> = [], isSetAnywhere: Bool = false,
        names: Set<String> = [], stated: Set<String> = [], hints: [String: String] = [:]
    ) {
        self.statements = statements
        self.harmless = harmless
        self.scopes = scopes
        self.variables = variables
        self.serverModules = serverModules
        self.isSetAnywhere = isSetAnywhere
        self.names = names
        self.stated = stated
        self.hints = hints
    }

    /// What to do instead of a change.
    func hint(_ change: SessionChange) -> String {
        (hints[change.kind] ?? hints[""] ?? "take the statement away")
            .replacing("NAME", with: change.name)
    }
}
