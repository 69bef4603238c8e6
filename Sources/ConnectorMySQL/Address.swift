internal import Connector

/// Where a MySQL or MariaDB server is: `mysql://user@host:port/database`, or `mariadb://…`.
enum MySQLAddress {
    /// The port where the URL names none.
    static let port: UInt16 = 3306

    static let form = ServerURL.Form(schemes: ["mysql", "mariadb"])
}
