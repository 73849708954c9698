import Testing

@testable import OCI

private func registry(_ text: String) throws -> RegistryReference {
    guard case .registry(let reference) = try Reference(text) else {
        Issue.record("\(text) is not of a registry")
        throw ReferenceError(text, "not of a registry")
    }
    return reference
}

private func layout(_ text: String) throws -> LayoutReference {
    guard case .layout(let reference) = try Reference(text) else {
        Issue.record("\(text) is not of a layout")
        throw ReferenceError(text, "not of a layout")
    }
    return reference
}

private let digest = "sha256:" + String(repeating: "0f", count: 32)

@Suite struct ReferenceTests {
    @Test(arguments: [
        ("busybox", "docker.io/library/busybox:latest"),
        ("busybox:1.36", "docker.io/library/busybox:1.36"),
        ("user/app", "docker.io/user/app:latest"),
        ("docker.io/busybox", "docker.io/library/busybox:latest"),
        ("index.docker.io/busybox", "docker.io/library/busybox:latest"),
        ("docker://ghcr.io/a/b/c:v1", "ghcr.io/a/b/c:v1"),
        ("localhost/app", "localhost/app:latest"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("registry:5000/app:1", "registry:5000/app:1"),
        (
            "127.0.0.1:5000/a_b/c-d/e.f/g__h/i--j:T_a.g-1",
            "127.0.0.1:5000/a_b/c-d/e.f/g__h/i--j:T_a.g-1"
        ),
        ("[::1]:5000/app:x", "[::1]:5000/app:x"),
        ("[2001:db8::1]/app", "[2001:db8::1]/app:latest"),
        ("Registry/app", "Registry/app:latest"),
        ("[1:2:3:4:5:6:7:8]:5000/app", "[1:2:3:4:5:6:7:8]:5000/app:latest"),
        ("[::]/app", "[::]/app:latest"), ("[fe80::]/app", "[fe80::]/app:latest"),
        ("[::ffff:c000:201]/app", "[::ffff:c000:201]/app:latest"),
        (
            "library/" + String(repeating: "ab", count: 32),
            "docker.io/library/" + String(repeating: "ab", count: 32) + ":latest"
        ),
        // Without a slash a number after the colon is a tag, as Docker reads it.
        ("localhost:5000", "docker.io/library/localhost:5000"),
    ])
    func dockerDefaultsAreFilledIn(_ text: String, _ canonical: String) throws {
        let reference = try Reference(text)
        #expect(reference.description == canonical)
        #expect(try Reference(canonical) == reference)
    }

    @Test func digestsStandAloneOrBesideATag() throws {
        let bare = try registry("ghcr.io/a/b@\(digest)")
        #expect(bare.tag == nil)
        #expect(bare.digest?.description == digest)
        let both = try registry("ghcr.io/a/b:v1@\(digest)")
        #expect(both.tag == "v1")
        #expect(both.description == "ghcr.io/a/b:v1@\(digest)")
        #expect(both.repositoryName == "ghcr.io/a/b")
    }

    @Test(arguments: [
        "", "/", "a//b", "/a", "a/", "UPPER", "ghcr.io/Upper/a", "a:", "a:-x", "a:x/y:", "a@",
        "a@sha256:00", "a@md5:00", "ghcr.io/a@" + String(repeating: "0", count: 64), "a b", "a\n",
        "http://ghcr.io/a", "ghcr.io:99999/a", "ghcr.io:x/a", "[::1/a", "[]/a",
        "[2001db8::]:5000/a", "[1.2.3.4]/a", "[::1%eth0]/a", "::1/a",
        String(repeating: "0a", count: 32), "-a.b/c", "a..b/c",
        "ghcr.io/a---", "ghcr.io/a___b", "ghcr.io/a._b", "é/a", "a:é", "user@ghcr.io/a",
        "ghcr.io/" + String(repeating: "a", count: 256), "a:" + String(repeating: "t", count: 129),
        "[2001db8::]:5000/a", "[2001:db8::1", "[1:2:3:4:5:6:7]/a", "[1:2:3:4:5:6:7:8:9]/a",
        "[1::2::3]/a", "[:1:2:3:4:5:6:7]/a", "[1:2:3:4:5:6:7:]/a", "[fe80::1%eth0]/a",
        "[::1]", "[::1]:5000", "[::256.0.0.1]/a", "[:]/a", "2001:db8::1/a", "[::1]x/a",
        String(repeating: "a1", count: 32), String(repeating: "F", count: 64),
    ])
    func whatIsNoReferenceIsRefused(_ text: String) {
        #expect(throws: ReferenceError.self) { try Reference(text) }
    }

    @Test(arguments: [
        ("u:p@ghcr.io/a", "***@ghcr.io/a"),
        ("docker://u:p@localhost/a", "docker://***@localhost/a"),
        ("https://u:p@q@h/a:1", "https://***@h/a:1"), ("u:@h:5000", "***@h:5000"),
    ])
    func passwordsAreHidden(_ text: String, _ shown: String) {
        #expect(text.hidingUserInfo == shown)
        let error = #expect(throws: ReferenceError.self) { try Reference(text) }
        #expect(error?.reference == shown)
    }

    @Test(arguments: [
        ("https://ghcr.io/a", "leave out 'https://'"),
        ("a:b@c", "not a sha256 or sha512 digest: 'c'"),
        ("a:b@sha256:1", "not a sha256 or sha512 digest: 'sha256:1'"),
        ("dir:/tmp/a", "'skopeo copy' makes a layout of it, which is written oci:DIR"),
        ("file:///a", "a layout is written oci:DIR"),
        ("oci-layout:./a", "a layout is written oci:DIR"),
        ("a/B", "not a repository name: 'a/B'; it has only small letters"),
        ("./a", "it looks like a path; a layout is written oci:DIR"),
        ("../a", "it looks like a path; a layout is written oci:DIR"),
        ("/a", "it looks like a path; a layout is written oci:DIR"),
        (
            "docker-daemon:a:1",
            "'docker save NAME | ocinoco load REF' and 'ocinoco save REF | docker load' lead there"
        ),
        (
            "containers-storage:a",
            "'podman save NAME | ocinoco load REF' and 'ocinoco save REF | podman load' lead there"
        ),
        (
            "oci-archive:a.tar",
            "'ocinoco load REF <ARCHIVE' and 'ocinoco save REF >ARCHIVE' do that"
        ),
    ])
    func whatWasMeantIsSaid(_ text: String, _ problem: String) {
        #expect(throws: ReferenceError(text, problem)) { try Reference(text) }
    }

    @Test(arguments: ["", "https://", "docker://"])
    func aPasswordIsNotRepeated(_ scheme: String) {
        for password in ["secret", "se@cret", "a:secret"] {
            let error = #expect(throws: ReferenceError.self) {
                try Reference("\(scheme)alice:\(password)@ghcr.io/a:1")
            }
            #expect(error?.reference == "\(scheme)***@ghcr.io/a:1")
        }
        #expect(throws: Never.self) { try Reference("dir:1") }
    }

    @Test(arguments: [
        ("localhost/a", true), ("localhost:5000/a", true), ("127.0.0.1/a", true),
        ("127.9.8.7:1/a", true), ("[::1]:5000/a", true), ("[0:0::1]/a", true),
        ("x.localhost:80/a", true), ("127.0.0.1.example.com/a", false), ("128.0.0.1/a", false),
        ("localhost.example.com/a", false), ("[::2]/a", false), ("127.0.0.x/a", false),
        ("notlocalhost:5000/a", false),
    ])
    func onlyThisMachineIsLoopback(_ text: String, _ expected: Bool) throws {
        #expect(try registry(text).isLoopback == expected)
    }

    @Test(arguments: [
        "127.0.0/a", "127.1:5000/a", "127.0.0.256/a", "999.999.999.999/a", "1.2.3.4.5/a",
        "127.0.0.01/a", "2130706433:5000/a", "0x7f000001:5000/a", "0X7F.0.0.1/a", "h.0x/a",
        "example.1/a", "+127.0.0.1/a", "127..0.1/a",
    ])
    func anIPv4AddressHasOneForm(_ text: String) {
        let host = text.prefix { $0 != "/" }
        #expect(throws: ReferenceError(text, "not a registry host: '\(host)'")) {
            try Reference(text)
        }
    }

    @Test func layoutsHaveADirectoryAndPerhapsATag() throws {
        #expect(try layout("oci:dir") == LayoutReference(directory: "dir", tag: nil, digest: nil))
        #expect(try layout("oci:dir:v1").tag == "v1")
        #expect(try layout("oci:/a:b/c").directory == "/a:b/c")
        #expect(try layout("oci:/a:b/c").tag == nil)
        #expect(try layout("oci:/a:b/c:d").tag == "d")
        #expect(try layout("oci:a:b/:c").directory == "a:b")
        #expect(try layout("oci:a:b/").directory == "a:b/")
        #expect(try layout("oci:.").directory == ".")
        #expect(try layout("oci:dir@home").directory == "dir@home")
        let both = try layout("oci:dir:v1@\(digest)")
        #expect(both.directory == "dir")
        #expect(both.tag == "v1")
        #expect(both.digest?.description == digest)
        #expect(both.description == "oci:dir:v1@\(digest)")
    }

    @Test(arguments: [
        ("oci:dir:app:1", "dir", "app:1"),
        ("oci:dir:docker.io/library/app:1", "dir", "docker.io/library/app:1"),
        ("oci:/a/b:localhost/app", "/a/b", "localhost/app"),
        ("oci:d:r:5000/app:1", "d", "r:5000/app:1"),
        ("oci:d/:r:5000/app:1", "d", "r:5000/app:1"), ("oci:/:x", "/", "x"),
        ("oci:d:a+b@c", "d", "a+b@c"),
        ("oci:dir:library/app:1", "dir:library/app", "1"),
    ])
    func wholeReferencesAreNamesInLayouts(
        _ text: String, _ directory: String, _ name: String
    ) throws {
        let reference = try layout(text)
        #expect(reference.directory == directory)
        #expect(reference.tag == name)
        #expect(try layout(reference.description) == reference)
    }

    @Test func theDirectoryThatIsThereIsMeant() throws {
        func resolved(_ text: String, _ directories: [String]) throws -> String {
            let reference = try layout(text).resolved { directories.contains($0) }
            return "\(reference.directory) \(reference.tag ?? "-")"
        }
        #expect(try resolved("oci:d:library/app:1", ["d"]) == "d library/app:1")
        #expect(try resolved("oci:d:library/app:1", ["d", "d:library/app"]) == "d:library/app 1")
        #expect(try resolved("oci:d:app:1", ["d:app"]) == "d:app 1")
        #expect(try resolved("oci:d:e.f/g", ["d:e.f/g"]) == "d:e.f/g -")
        #expect(try resolved("oci:d:library/app:1", []) == "d:library/app 1")
        #expect(try resolved("oci:d:a/b", ["d"]) == "d a/b")
        #expect(try resolved("oci:d:a/b", ["d", "d:a/b"]) == "d:a/b -")
        #expect(try resolved("oci:d:a/b", []) == "d:a/b -")
    }

    @Test(arguments: ["oci:", "oci::tag", "oci:dir:", "oci:dir:a b", "oci:dir@sha256:00"])
    func whatIsNoLayoutIsRefused(_ text: String) {
        #expect(throws: ReferenceError.self) { try Reference(text) }
    }

    @Test func scratchIsAWord() throws {
        #expect(try Reference("scratch") == .scratch)
        #expect(try registry("scratch:latest").repository == "library/scratch")
        #expect(try Reference("scratch").tag == nil)
    }
}
