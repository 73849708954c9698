import JSON

/// User and groups of a process.
public struct ProcessUser: Hashable, Sendable {
    public let uid: UInt32
    public let gid: UInt32
    /// The supplementary groups, each once. `gid` is the first: a program that changes its group
    /// must keep it, because files may deny access to that group.
    public let additionalGIDs: [UInt32]

    public init(uid: UInt32, gid: UInt32, additionalGIDs: [UInt32] = []) {
        self.uid = uid
        self.gid = gid
        self.additionalGIDs = additionalGIDs
    }
}

/// The users and groups of a root file system. Malformed lines are ignored.
///
/// - Spec: passwd(5), group(5).
public struct UserDatabase: Sendable {
    private let passwd: [UInt8]
    private let group: [UInt8]

    /// - Parameters:
    ///   - passwd: the bytes of `/etc/passwd`; empty without one.
    ///   - group: the bytes of `/etc/group`.
    public init(passwd: [UInt8], group: [UInt8]) {
        self.passwd = passwd
        self.group = group
    }

    /// Resolves `User` of an image config: `NAME` or `UID`, optionally with `:GROUP` or `:GID`.
    ///
    /// A text of digits is a number and is never looked up as a name. The line with that number
    /// still sets the group. Without a group in the text, the group is the user's own, and the
    /// supplementary groups are those that have the user as a member. The empty text means root.
    ///
    /// - Throws: `ValueError` for a name that is in no file and for a number that no user has.
    /// - Spec: image-spec v1.1.1, config.md, `User`.
    public func resolve(_ text: String) throws(ValueError) -> ProcessUser {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let user = try user(Array((parts.first ?? "").utf8))
        guard parts.count == 2, !parts[1].isEmpty else {
            let groups = user.name.map { self.groups(of: $0) } ?? []
            return ProcessUser(
                uid: user.uid, gid: user.gid,
                additionalGIDs: [user.gid] + groups.filter { $0 != user.gid })
        }
        let gid = try gid(Array(parts[1].utf8))
        return ProcessUser(uid: user.uid, gid: gid, additionalGIDs: [gid])
    }

    /// Resolves `--chown` of a Dockerfile's COPY: `USER` or `UID`, optionally with `:GROUP` or
    /// `:GID`.
    ///
    /// A number without a group also becomes the group; a name gets the group of its line.
    /// - Throws: `ValueError` for a name that is in no file.
    /// - Spec: Dockerfile reference, "COPY --chown"; BuildKit for a number alone.
    public func resolveOwner(_ text: String) throws(ValueError) -> ProcessUser {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = Array((parts.first ?? "").utf8)
        let owner: (uid: UInt32, gid: UInt32)
        if let id = name.isEmpty ? 0 : try UserDatabase.id(name) {
            owner = (id, id)
        } else {
            let user = try user(name)
            owner = (user.uid, user.gid)
        }
        guard parts.count == 2, !parts[1].isEmpty else {
            return ProcessUser(uid: owner.uid, gid: owner.gid)
        }
        return ProcessUser(uid: owner.uid, gid: try gid(Array(parts[1].utf8)))
    }

    /// Checks `User` of an image config as far as possible without files.
    ///
    /// - Throws: `ValueError` for a number that no user or group can have, and for a name that no
    ///   line of these files can have.
    static func check(_ text: String) throws(ValueError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, !text.utf8.contains(where: { $0 == 0 || $0 == 0x0A }) else {
            throw ValueError("not USER[:GROUP]")
        }
        for part in parts where !part.isEmpty { _ = try id(Array(part.utf8)) }
    }

    private struct User {
        /// nil when no line has the number.
        let name: [UInt8]?
        let uid: UInt32
        let gid: UInt32
    }

    private func user(_ text: [UInt8]) throws(ValueError) -> User {
        let wanted = text.isEmpty ? 0 : try UserDatabase.id(text)
        var found: User?
        UserDatabase.scan(passwd) { fields in
            guard fields.count >= 4, let uid = number(fields[2]), let gid = number(fields[3]),
                wanted.map({ $0 == uid }) ?? fields[0].elementsEqual(text)
            else { return true }
            found = User(name: Array(fields[0]), uid: uid, gid: gid)
            return false
        }
        if let found { return found }
        guard let wanted else { throw ValueError("no user of this name in etc/passwd") }
        return User(name: nil, uid: wanted, gid: 0)
    }

    private func gid(_ text: [UInt8]) throws(ValueError) -> UInt32 {
        if let gid = try UserDatabase.id(text) { return gid }
        var found: UInt32?
        UserDatabase.scan(group) { fields in
            guard fields.count >= 3, let gid = number(fields[2]), fields[0].elementsEqual(text)
            else { return true }
            found = gid
            return false
        }
        guard let found else { throw ValueError("no group of this name in etc/group") }
        return found
    }

    private func groups(of name: [UInt8]) -> [UInt32] {
        var seen: Set<UInt32> = []
        var result: [UInt32] = []
        UserDatabase.scan(group) { fields in
            guard fields.count >= 4, let gid = number(fields[2]) else { return true }
            let members = fields[3].split(separator: UInt8(ascii: ","))
            if members.contains(where: { $0.elementsEqual(name) }), seen.insert(gid).inserted {
                result.append(gid)
            }
            return true
        }
        return result
    }

    /// The number of a text of digits; nil for a name.
    private static func id(_ text: [UInt8]) throws(ValueError) -> UInt32? {
        guard text.allSatisfy(\.isDigit) else { return nil }
        guard let id = number(text[...]) else {
            throw ValueError("a number that no user or group can have")
        }
        return id
    }

    /// Calls `body` with the first fields of each line, until it returns false.
    private static func scan(_ bytes: [UInt8], _ body: ([ArraySlice<UInt8>]) -> Bool) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest.dropFirst(line.count + 1)
            let fields = line.split(
                separator: UInt8(ascii: ":"), maxSplits: 4, omittingEmptySubsequences: false)
            if !body(fields) { return }
        }
    }
}

/// A number without a sign. The highest number is not valid, because chown(2) uses it for "do not
/// change".
private func number(_ digits: ArraySlice<UInt8>) -> UInt32? {
    guard digits.allSatisfy(\.isDigit) else { return nil }
    return UInt32(String(decoding: digits, as: UTF8.self)).flatMap { $0 == .max ? nil : $0 }
}
