/// Configurations that the tests apply.
enum Configurations {
    /// The seed page's queries with `ON CONFLICT`, on tables with keys.
    static func keyed(
        name: String, kind: String, url: String, size: Int = 1000, start: String = "fill"
    ) -> String {
        """
        connectors:
          \(name): { kind: \(kind), url: "\(url)" }
        integrations:
          \(name):
            description: Static segments
            scope: { database_id: 1, segments: all }
            connector: \(name)
            start: \(start)
            batch: { size: \(size), timeout: 60s }
            queries:
              add_profiles: |
                INSERT INTO mysegment (segId, clientId) VALUES
                {for $index, $lead = $batch}({segment_id}, '{$lead.CustomID}'){autocomma}
                {end} ON CONFLICT (segId, clientId) DO UPDATE SET clientId = excluded.clientId
              remove_profiles: |
                DELETE FROM mysegment
                WHERE segId = {segment_id} AND clientId IN ({batch_in "CustomID"})
              clear_segment: DELETE FROM mysegment WHERE segId = {segment_id}
              save_segment: |
                INSERT INTO segments (segment_id, name) VALUES ({segment_id}, '{segment_name}')
                ON CONFLICT (segment_id) DO UPDATE SET name = excluded.name
              delete_segment: DELETE FROM segments WHERE segment_id = {segment_id}
        """
    }

    static let keyedTables = """
        CREATE TABLE mysegment
            (segId INTEGER, clientId VARCHAR(255), PRIMARY KEY (segId, clientId));
        CREATE TABLE segments (segment_id INTEGER PRIMARY KEY, name VARCHAR(255));
        """

    /// A journal without a key: a row doubled or lost stays visible.
    static func keyless(kind: String, url: String, size: Int) -> String {
        """
        connectors:
          log: { kind: \(kind), url: "\(url)" }
        integrations:
          log:
            scope: { database_id: 1, segments: all }
            connector: log
            start: beginning
            batch: { size: \(size), timeout: 60s }
            queries:
              add_profiles: |
                INSERT INTO journal (segId, clientId, sign) VALUES
                {for $lead = $batch}({segment_id}, '{$lead.CustomID}', 1){autocomma}{end}
              remove_profiles: |
                INSERT INTO journal (segId, clientId, sign) VALUES
                {for $lead = $batch}({segment_id}, '{$lead.CustomID}', -1){autocomma}{end}
        """
    }

    static let keylessTable =
        "CREATE TABLE journal (segId INTEGER, clientId VARCHAR(255), sign INTEGER)"
}
