import JSON

/// Checks the values that a merge patch changes as those of options are checked. Other values stay
/// as they are, because readers accept more than Docker's daemon does. Volumes are not checked:
/// BuildKit takes any text in VOLUME, and only a patch can state it.
struct PatchedValues {
    let old: JSONObject
    let new: JSONObject

    /// - Throws: `EditError` for a value that Docker's daemon would refuse.
    func check() throws {
        for key: JSONString in ["os", "architecture", "variant"] {
            try check(new[key], old[key], at: .root.key(key)) { text throws(ValueError) in
                guard Platform("\(text)/\(text)") != nil else {
                    throw ValueError("not a name of a platform")
                }
            }
        }
        try checkRunConfig(new.object("config"), old.object("config"), at: .root.key("config"))
    }

    private func checkRunConfig(_ new: JSONObject, _ old: JSONObject, at path: JSONPath) throws {
        try checkKeys("ExposedPorts", new, old, at: path) { key throws(ValueError) in
            _ = try ExposedPorts(key)
        }
        try check(new["StopSignal"], old["StopSignal"], at: path.key("StopSignal")) {
            text throws(ValueError) in
            _ = try StopSignal(text)
        }
        try check(new["WorkingDir"], old["WorkingDir"], at: path.key("WorkingDir")) {
            text throws(ValueError) in
            let isWindows = text.dropFirst().first == ":"
            guard isWindows || text.hasPrefix("/") else { throw ValueError("not an absolute path") }
        }
        if !JSON.haveSameMeaning(new["Env"], old["Env"]) {
            let known = Set(old["Env"]?.texts ?? [])
            for (index, text) in (new["Env"]?.texts ?? []).enumerated()
            where !known.contains(text) && (text.isEmpty || text.hasPrefix("=")) {
                throw EditError(path.key("Env").index(index), "no name before the '='")
            }
        }
        if let check = new["Healthcheck"], check != .null,
            !JSON.haveSameMeaning(check, old["Healthcheck"])
        {
            do throws(JSONError) {
                try Healthcheck.check(JSONField(check), asDaemon: true)
            } catch {
                throw error.inside(path.key("Healthcheck"))
            }
        }
    }

    /// Checks a text that changed and is not empty.
    private func check(
        _ new: JSON?, _ old: JSON?, at path: JSONPath,
        by check: (String) throws(ValueError) -> Void
    ) throws(EditError) {
        guard let text = new?.text, !text.isEmpty, text != old?.text else { return }
        do {
            try check(text)
        } catch {
            throw EditError(path, "\(error.problem): '\(text)'")
        }
    }

    /// Checks the keys of an object that were added.
    private func checkKeys(
        _ key: JSONString, _ new: JSONObject, _ old: JSONObject, at path: JSONPath,
        by check: (String) throws(ValueError) -> Void
    ) throws(EditError) {
        let known = Set(old.object(key).members.map(\.key))
        for member in new.object(key).members where !known.contains(member.key) {
            do {
                try check(member.key.text)
            } catch {
                throw EditError(path.key(key).key(member.key), error.problem)
            }
        }
    }
}
