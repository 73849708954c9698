import ByteStream
import Glibc
import JSON
import OCI
import Testing

@testable import Registry

private func auth(_ pair: String) -> String {
    String(decoding: Base64.encode(Array(pair.utf8)), as: UTF8.self)
}

private func users(_ text: String, _ host: String, _ repository: String) throws -> [String] {
    let file = try CredentialFile(path: "auth.json", bytes: Array(text.utf8))
    return try file.candidates(host: host, repository: repository).map { candidate in
        switch candidate.source {
        case .entry(let credential): credential.user ?? "-"
        case .helper(let name, let server): "\(name)(\(server))"
        }
    }
}

@Suite struct CredentialTests {
    /// Keys are scoped by path; the longest takes precedence.
    @Test func pathScopes() throws {
        let text = """
            {"auths":{"r.io":{"auth":"\(auth("host:x"))"},"r.io/a":{"auth":"\(auth("a:x"))"},
            "r.io/a/b":{"auth":"\(auth("ab:x:y"))"},"r.io/ax":{"auth":"\(auth("ax:x"))"}}}
            """
        #expect(try users(text, "r.io", "a/b/c") == ["ab", "a", "host"])
        #expect(try users(text, "r.io", "a/b") == ["ab", "a", "host"])
        #expect(try users(text, "r.io", "ax") == ["ax", "host"])
        #expect(try users(text, "r.io", "ab") == ["host"])
        #expect(try users(text, "R.io:443", "a") == [])
    }

    @Test(arguments: [
        "https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io",
    ])
    func dockerHub(key: String) throws {
        let text = #"{"auths":{"\#(key)":{"auth":"\#(auth("u:p"))"}}}"#
        #expect(try users(text, "docker.io", "library/busybox") == ["u"])
    }

    @Test func keysThatAreURLs() throws {
        for key in [
            "https://r.io", "http://r.io/v1/", "https://r.io/v2/", "r.io/", "R.IO", "r.io/v1/",
            "r.io/v2/",
        ] {
            let text = #"{"auths":{"\#(key)":{"auth":"\#(auth("u:p"))"}}}"#
            #expect(try users(text, "r.io", "a") == ["u"])
        }
        let both = """
            {"auths":{"https://r.io/v1/":{"auth":"\(auth("old:p"))"},"r.io":{"auth":"\(auth("new:p"))"}}}
            """
        #expect(try users(both, "r.io", "a") == ["new"])
    }

    @Test func byteOrderMark() throws {
        let text = "\u{FEFF}" + #"{"auths":{"r.io":{"auth":"\#(auth("u:p"))"}}}"#
        #expect(try users(text, "r.io", "a") == ["u"])
    }

    /// Public content needs no credentials file; where credentials are needed, the file is the
    /// error.
    @Test func damagedFile() throws {
        let directory = try TemporaryDirectory()
        try directory.write("config.json", "{")
        let warnings = Recorder<String>()
        let environment = Environment(["DOCKER_CONFIG": directory.path, "XDG_RUNTIME_DIR": "/none"])
        let store = CredentialStore(
            authFile: nil, environment: environment, warn: { warnings.add($0) })
        #expect(try store.find(host: "r.io", repository: "a") == nil)
        #expect(try store.find(host: "r.io", repository: "b") == nil)
        #expect(warnings.all.count == 1)
        #expect(store.damage(for: "r.io")?.exitStatus == .configuration)
        #expect(store.damage(for: "other.io") == nil)
        let named = Environment(["REGISTRY_AUTH_FILE": directory.path + "/config.json"])
        let error = #expect(throws: RegistryError.self) {
            try CredentialStore(authFile: nil, environment: named)
                .find(host: "r.io", repository: "")
        }
        #expect(error?.exitStatus == .configuration)
    }

    /// A helper that is not installed is ignored; an entry in the file is used.
    @Test func missingHelper() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            "config.json",
            #"{"credsStore":"no-such-helper","auths":{"known":{"auth":"\#(auth("u:p"))"}}}"#)
        let warnings = Recorder<String>()
        let environment = Environment(["DOCKER_CONFIG": directory.path, "XDG_RUNTIME_DIR": "/none"])
        let store = CredentialStore(
            authFile: nil, environment: environment, warn: { warnings.add($0) })
        #expect(try store.find(host: "r.io", repository: "a") == nil)
        #expect(warnings.all.count == 1)
        #expect(warnings.all.first?.contains("docker-credential-no-such-helper") == true)
        #expect(store.damage(for: "r.io")?.exitStatus == .configuration)
        #expect(
            try store.find(host: "known", repository: "a") == .password(user: "u", password: "p"))
        let named = Environment(["REGISTRY_AUTH_FILE": directory.path + "/config.json"])
        let error = #expect(throws: RegistryError.self) {
            try CredentialStore(authFile: nil, environment: named)
                .find(host: "r.io", repository: "")
        }
        #expect(error?.exitStatus == .configuration)
    }

    @Test func helpers() throws {
        let text = """
            {"credsStore":"store","credHelpers":{"r.io":"ecr","r.io/a":"deep"},
            "auths":{"r.io":{},"other":{"auth":"\(auth("u:p"))"}}}
            """
        #expect(try users(text, "r.io", "a/b") == ["deep(r.io/a)", "ecr(r.io)", "store(r.io)"])
        #expect(try users(text, "other", "x") == ["store(other)", "u"])
        #expect(try users(text, "docker.io", "x") == ["store(https://index.docker.io/v1/)"])
    }

    @Test func entries() throws {
        func credential(_ entry: String) throws -> Credential? {
            let file = try CredentialFile(
                path: "f", bytes: Array(#"{"auths":{"r":\#(entry)}}"#.utf8))
            guard let first = try file.candidates(host: "r", repository: "").first else {
                return nil
            }
            guard case .entry(let credential) = first.source else { return nil }
            return credential
        }
        #expect(try credential("{}") == nil)
        #expect(try credential(#"{"auth":""}"#) == nil)
        #expect(
            try credential(#"{"auth":"dXNlcjpwOmFzcw"}"#)
                == .password(user: "user", password: "p:ass"))
        #expect(
            try credential(#"{"auth":"dTpwAAA="}"#) == .password(user: "u", password: "p"))
        #expect(
            try credential(#"{"username":"u","password":"p"}"#)
                == .password(user: "u", password: "p"))
        #expect(
            try credential(#"{"auth":"dTo=","identitytoken":"t"}"#)
                == .identityToken(user: "u", token: "t"))
        #expect(try credential(#"{"registrytoken":"t"}"#) == .registryToken("t"))
        for bad in [#"{"auth":"%%"}"#, #"{"auth":"dXNlcg=="}"#, "5"] {
            let error = #expect(throws: RegistryError.self) { try credential(bad) }
            #expect(error?.exitStatus == .configuration)
        }
    }

    @Test(arguments: ["[]", "{", #"{"auths":[]}"#, #"{"auths":{"a":{},"a":{}}}"#])
    func malformedFiles(text: String) {
        let error = #expect(throws: RegistryError.self) {
            try CredentialFile(path: "/x/auth.json", bytes: Array(text.utf8))
        }
        #expect(error?.exitStatus == .configuration)
        #expect(error?.message.contains("'/x/auth.json'") == true)
    }

    @Test func searchOrder() {
        func files(_ values: [String: String], _ authFile: Path? = nil) -> [String] {
            let environment = Environment(values, userID: 7)
            return CredentialStore(authFile: authFile, environment: environment, trace: nil)
                .files.map(\.description)
        }
        #expect(files(["REGISTRY_AUTH_FILE": "/e", "HOME": "/h"], "/given") == ["/given"])
        #expect(files(["REGISTRY_AUTH_FILE": "/e", "HOME": "/h"]) == ["/e"])
        #expect(
            files(["HOME": "/h"]) == [
                "/run/containers/7/auth.json", "/h/.config/containers/auth.json",
                "/h/.docker/config.json",
            ])
        #expect(
            files([
                "HOME": "/h", "XDG_RUNTIME_DIR": "/r", "XDG_CONFIG_HOME": "/c",
                "DOCKER_CONFIG": "/d",
            ]) == ["/r/containers/auth.json", "/c/containers/auth.json", "/d/config.json"])
    }

    /// What can be read only once is read once.
    @Test func fileThatIsAPipe() throws {
        let text = #"{"auths":{"a":{"auth":"\#(auth("u:p"))"},"b":{"auth":"\#(auth("v:p"))"}}}"#
        var ends: [CInt] = [-1, -1]
        #expect(pipe(&ends) == 0)
        let reading = OwnedDescriptor(ends[0])
        do {
            let writing = OwnedDescriptor(ends[1])
            try writing.descriptor.writeAll(Array(text.utf8))
        }
        let store = CredentialStore(
            authFile: reading.procPath, environment: Environment([:]), trace: nil)
        for _ in 0..<2 {
            #expect(try store.find(host: "a", repository: "x")?.user == "u")
            #expect(try store.find(host: "b", repository: "x")?.user == "v")
            #expect(try store.place(host: "b", repository: "x")?.key == "b")
        }
    }

    @Test func firstFileWithCredentialsCounts() throws {
        let directory = try TemporaryDirectory()
        try run(["mkdir", "-p", "\(directory.path)/containers", "\(directory.path)/docker"])
        try directory.write(
            "containers/auth.json", #"{"auths":{"a":{"auth":"\#(auth("one:p"))"},"b":{}}}"#)
        try directory.write(
            "docker/config.json",
            #"{"auths":{"a":{"auth":"\#(auth("two:p"))"},"b":{"auth":"\#(auth("two:p"))"}}}"#)
        let store = CredentialStore(
            authFile: nil,
            environment: Environment([
                "XDG_RUNTIME_DIR": directory.path, "DOCKER_CONFIG": "\(directory.path)/docker",
            ]), trace: nil)
        #expect(try store.find(host: "a", repository: "x")?.user == "one")
        #expect(try store.find(host: "b", repository: "x")?.user == "two")
        #expect(try store.find(host: "c", repository: "x") == nil)
    }

    @Test func namedFileThatIsMissing() throws {
        let store = CredentialStore(
            authFile: "/nonexistent/auth.json", environment: Environment([:]), trace: nil)
        let error = #expect(throws: RegistryError.self) {
            try store.find(host: "a", repository: "x")
        }
        #expect(error?.exitStatus == .cannotOpenInput)
    }

    @Test func helperProtocol() throws {
        let directory = try TemporaryDirectory()
        let script = """
            #!/bin/sh
            read -r server
            echo "$1 $server" >>\(directory.path)/log
            case "$server" in
            good) echo '{"ServerURL":"good","Username":"u","Secret":"s"}' ;;
            token) echo '{"ServerURL":"token","Username":"<token>","Secret":"t"}' ;;
            none) echo 'credentials not found in native keychain'; exit 1 ;;
            bad) echo 'no'; echo 'noise' >&2; exit 3 ;;
            junk) echo '[]' ;;
            endless) exec yes ;;
            esac
            """
        try directory.write("docker-credential-test", script, mode: 0o755)
        let helper = CredentialHelper(name: "test", directory: directory.path)
        #expect(try helper.get("good") == .password(user: "u", password: "s"))
        #expect(try helper.get("token") == .identityToken(user: nil, token: "t"))
        #expect(try helper.get("none") == nil)
        for server in ["bad", "junk", "endless"] {
            let error = #expect(throws: RegistryError.self) { try helper.get(server) }
            #expect(error?.exitStatus == .configuration)
        }
        let error = #expect(throws: RegistryError.self) {
            try CredentialHelper(name: "no-such-helper").get("x")
        }
        #expect(error?.message.contains("docker-credential-no-such-helper") == true)
        #expect(throws: RegistryError.self) { try CredentialHelper(name: "../x").get("x") }
        let log = String(decoding: try directory.read("log"), as: UTF8.self)
        #expect(log.hasPrefix("get good\nget token\n"))
    }
}

@Suite struct LoginTests {
    private func registry() throws -> FakeRegistry {
        try FakeRegistry { request in
            request[header: "Authorization"] == "Basic \(auth("me:pass word"))"
                ? .proceed : .reply(Reply(401, [("WWW-Authenticate", "Basic realm=x")]))
        }
    }

    @Test func loginAndLogout() throws {
        let registry = try registry()
        let directory = try TemporaryDirectory()
        let other =
            #"{"credHelpers":{"z":"y"},"auths":{"o":{"auth":"\#(auth("o:p"))","email":1.50}},"x":1e3}"#
        try directory.write("auth.json", other, mode: 0o644)
        let path = Path("\(directory.path)/auth.json")
        let client = try testClient { $0.authFile = path }
        let host = registry.server.authority
        #expect(try client.login(host, user: "me", password: "pass word") == path)
        let entry = #""\#(host)":{"auth":"\#(auth("me:pass word"))"}"#
        let expected = other.replacing("},\"x\"", with: ",\(entry)},\"x\"") + "\n"
        #expect(String(decoding: try directory.read("auth.json"), as: UTF8.self) == expected)
        let status = try run(["stat", "-c", "%a", path.description])
        #expect(String(decoding: status, as: UTF8.self) == "600\n")
        #expect(
            try testClient { $0.authFile = path }.repository(
                RegistryReference("\(host)/a/b")
            ).manifest(.tag("x")) == nil)
        #expect(try client.logout(host) == [path])
        #expect(String(decoding: try directory.read("auth.json"), as: UTF8.self) == other + "\n")
        #expect(try client.logout(host) == [])
    }

    @Test func refusedLoginWritesNothing() throws {
        let registry = try registry()
        let directory = try TemporaryDirectory()
        let path = Path("\(directory.path)/new/auth.json")
        let client = try testClient { $0.authFile = path }
        let error = #expect(throws: RegistryError.self) {
            try client.login(registry.server.authority, user: "me", password: "wrong word")
        }
        #expect(error?.exitStatus == .denied)
        #expect(error?.message.contains("wrong word") == false)
        #expect(try CredentialFile.load(path) == nil)
        try client.login(registry.server.authority + "/team", user: "me", password: "pass word")
        let file = try #require(try CredentialFile.load(path))
        #expect(file.has(registry.server.authority + "/team"))
    }

    /// A portal answers everything with a page; Quay calls its JSON a page too.
    @Test(arguments: ["<!doctype html>", " \n<html>", "true", ""])
    func loginAtAWebPage(body: String) throws {
        let isPage = body.contains("<")
        let registry = try FakeRegistry { _ in
            .reply(Reply(200, [("Content-Type", "text/html; charset=utf-8")], text: body))
        }
        let directory = try TemporaryDirectory()
        let path = Path("\(directory.path)/auth.json")
        let client = try testClient { $0.authFile = path }
        let host = registry.server.authority
        if isPage {
            let error = #expect(throws: RegistryError.self) {
                try client.login(host, user: "me", password: "pass word")
            }
            #expect(error?.exitStatus == .protocolError)
            #expect(try CredentialFile.load(path) == nil)
            #expect(throws: RegistryError.self) {
                try client.examine(RegistryReference("\(host)/a"))
            }
        } else {
            try client.login(host, user: "me", password: "pass word")
            try client.checkLogin(host)
        }
    }

    @Test func placeOfNewCredentials() throws {
        let directory = try TemporaryDirectory()
        let environment = Environment(["HOME": directory.path], userID: 4_000_000)
        let store = CredentialStore(authFile: nil, environment: environment, trace: nil)
        let path = try store.fileToWrite(for: "docker.io")
        try store.store("docker.io", in: path, user: "u", password: "p")
        #expect(path == Path("\(directory.path)/.docker/config.json"))
        #expect(
            String(decoding: try directory.read(".docker/config.json"), as: UTF8.self)
                == #"{"auths":{"https://index.docker.io/v1/":{"auth":"dTpw"}}}"# + "\n")
        #expect(try store.find(host: "docker.io", repository: "a")?.user == "u")
    }

    /// A FIFO or device is neither read nor replaced, by whichever name, and no password is sent.
    @Test func filesThatCannotBeReplaced() throws {
        let registry = try registry()
        let directory = try TemporaryDirectory()
        try run(["mkfifo", "\(directory.path)/fifo"])
        try run(["ln", "-s", "fifo", "\(directory.path)/link"])
        try run(["mkdir", "\(directory.path)/directory"])
        for name in ["fifo", "link", "directory"] {
            let path = Path("\(directory.path)/\(name)")
            let client = try testClient { $0.authFile = path }
            let error = #expect(throws: StreamError.self) {
                try client.login(registry.server.authority, user: "me", password: "pass word")
            }
            #expect(error?.exitStatus == .cannotCreateOutput)
            #expect(throws: StreamError.self) {
                try CredentialFile.edit(path) { $0.set("x", user: "me", password: "p") }
            }
        }
        #expect(registry.server.log.isEmpty)
        let type = try run(["stat", "-c", "%F", "\(directory.path)/fifo"])
        #expect(String(decoding: type, as: UTF8.self) == "fifo\n")
    }

    @Test(arguments: ["", "a b", "u@h", "http://", "h?x", "h#x", "oci:dir"])
    func notARegistry(name: String) throws {
        let client = try testClient()
        let errors = [
            #expect(throws: RegistryError.self) {
                try client.login(name, user: "u", password: "p")
            }, #expect(throws: RegistryError.self) { try client.checkLogin(name) },
            #expect(throws: RegistryError.self) { try client.logout(name) },
        ]
        for error in errors { #expect(error?.exitStatus == .usage) }
    }

    /// - Spec: RFC 7617, section 2: no control characters, and no colon.
    @Test(arguments: ["", "a:b", "a\nb", "a\r\nb", "\0", "\u{1F}", "\u{7F}"])
    func notAUser(name: String) throws {
        let client = try testClient()
        let error = #expect(throws: RegistryError.self) {
            try client.login("127.0.0.1:1", user: name, password: "p")
        }
        #expect(error?.exitStatus == .usage)
    }
}
