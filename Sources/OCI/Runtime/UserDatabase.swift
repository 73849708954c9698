/// Who a process runs as.
public struct ProcessUser: Hashable, Sendable {
    public let uid: UInt32
    public let gid: UInt32
    /// The supplementary groups, each once. `gid` is the first of them: a program that changes its
    /// group must not lose it, since files may deny it something.
    public let additionalGIDs: [UInt32]

    public init(uid: UInt32, gid: UInt32, additionalGIDs: [UInt32] = []) {
        self.uid = uid
        self.gid = gid
        self.additionalGIDs = additionalGIDs
    }
}

/// The users and groups of a root file system. Lines that are malformed count for nothing.
///
/// - Spec: passwd(5), group(5).
public struct UserDatabase: Sendable {
    private let passwd: [UInt8]
    private let group: [UInt8]

    /// - Parameters:
    ///   - passwd: the bytes of `/etc/passwd`; empty where there is none.
    ///   - group: the bytes of `/etc/group`.
    public init(passwd: [UInt8], group: [UInt8]) {
        self.passwd = passwd
        self.group = group
    }

    /// Finds out who `User` of an image config is: `NAME` or `UID`, with `:GROUP` or `:GID`.
    ///
    /// A text of digits is a number and never looked up as a name, whatever the files call so. The
    /// line of that number still says its group. Without a group, it is the user's own, and the
    /// supplementary groups are those that have the user as a member. The empty text is root.
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

    /// Finds out who `--chown` of a Dockerfile's COPY means: `USER` or `UID`, with `:GROUP` or `:GID`.
    ///
    /// A number without a group has the same number as its group, a name the group of its line.
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

    /// Checks what is known of `User` of an image config without any file.
    ///
    /// - Throws: `ValueError` for a number that no user or group can have.
    static func check(_ text: String) throws(ValueError) {
        for part in text.split(separator: ":", maxSplits: 1) { _ = try id(Array(part.utf8)) }
    }

    private struct User {
        /// Nil when no line has the number.
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

    /// The number that a text of digits is; nil for a name.
    private static func id(_ text: [UInt8]) throws(ValueError) -> UInt32? {
        guard text.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
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

/// A number without a sign; the highest one is nobody's, chown(2) has a meaning of its own for it.
private func number(_ digits: ArraySlice<UInt8>) -> UInt32? {
    guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return UInt32(String(decoding: digits, as: UTF8.self)).flatMap { $0 == .max ? nil : $0 }
}
