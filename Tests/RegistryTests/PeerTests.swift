import ByteStream
import Glibc
import Hashing
import OCI
import Testing

@testable import Registry

/// Certificates of a private authority, in a directory.
private func makeCertificates(_ directory: TemporaryDirectory) throws {
    let at = { (name: String) in "\(directory.path)/\(name)" }
    try directory.write("ext", "subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    try run([
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", at("ca.key"), "-out", at("ca.pem"), "-days", "2", "-subj", "/CN=test authority",
    ])
    for name in ["server", "client"] {
        try run([
            "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", at("\(name).key"), "-out", at("\(name).csr"), "-subj", "/CN=\(name)",
        ])
        try run([
            "openssl", "x509", "-req", "-in", at("\(name).csr"), "-CA", at("ca.pem"), "-CAkey",
            at("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", at("ext"), "-out",
            at("\(name).pem"),
        ])
    }
}

/// nginx in front of a registry.
private final class Proxy: Sendable {
    let port: UInt16
    private let process: pid_t

    /// - Parameter options: lines of its `server` block.
    init(_ directory: TemporaryDirectory, listen: String, to upstream: String, options: String)
        throws
    {
        port = try freePort()
        try directory.write(
            "nginx.conf",
            """
            daemon off; master_process off; pid \(directory.path)/nginx.pid;
            error_log \(directory.path)/nginx.log;
            events {}
            http {
              access_log \(directory.path)/access.log;
              client_body_temp_path \(directory.path)/body;
              proxy_temp_path \(directory.path)/proxy;
              fastcgi_temp_path \(directory.path)/f; uwsgi_temp_path \(directory.path)/u;
              scgi_temp_path \(directory.path)/s;
              server {
                listen 127.0.0.1:\(port) \(listen);
                \(options)
                location / {
                  proxy_pass http://\(upstream);
                  proxy_set_header Host $http_host;
                }
              }
            }
            """)
        process = try start(
            ["nginx", "-c", "\(directory.path)/nginx.conf"], log: "\(directory.path)/log")
        try waitForPort(port)
    }

    deinit {
        kill(process, SIGKILL)
        var status: CInt = 0
        waitpid(process, &status, 0)
    }
}

@Suite(.serialized) struct PeerTests {
    private let bytes = pseudoRandomBytes(33 << 20)

    private func roundTrip(_ repository: RegistryRepository) throws {
        let identity = try repository.writeBlob(
            HashingSource(MemorySource(bytes)), mountFrom: [])
        let sink = MemorySink()
        try repository.readBlob(
            Descriptor(mediaType: .octetStream, digest: identity.digest, size: identity.size),
            into: sink)
        #expect(sink.bytes == bytes)
        let config = try repository.writeBlob(MemoryBlob(Array("{}".utf8)), mountFrom: [])
        #expect(config.size == 2)
        try repository.putManifest(emptyManifest(), tag: "x")
        #expect(try repository.manifestDigest(.tag("x")) == emptyManifest().digest)
    }

    @Test func privateAuthority() throws {
        let directory = try TemporaryDirectory()
        try makeCertificates(directory)
        let tls =
            "  tls: {certificate: \(directory.path)/server.pem, key: \(directory.path)/server.key}"
        let registry = try DockerRegistry(http: tls, directory: directory)
        let trusting = try registry.client { $0.caFile = Path("\(directory.path)/ca.pem") }
        try roundTrip(registry.repository("a/b", trusting))
        let error = #expect(throws: RegistryError.self) {
            try registry.repository("a/b").manifest(.tag("x"))
        }
        #expect(error?.exitStatus == .unavailable)
        guard case .tls = error else { return #expect(Bool(false)) }
        let kept = "\(directory.path)/.config/containers/certs.d/\(registry.authority)"
        try run(["mkdir", "-p", kept])
        try run(["cp", "\(directory.path)/ca.pem", "\(kept)/any.crt"])
        let configured = try testClient(environment: Environment(["HOME": directory.path]))
        #expect(try registry.repository("a/b", configured).hasBlob(.of(bytes)))
        let careless = try registry.client { $0.verifyTLS = false }
        #expect(try registry.repository("a/b", careless).manifest(.tag("x")) == emptyManifest())
        let stubborn = try registry.client { $0.plainHTTP = true }
        #expect(throws: RegistryError.self) {
            try registry.repository("a/b", stubborn).manifest(.tag("x"))
        }
        withExtendedLifetime(registry) {}
    }

    /// HTTP/2, a client certificate, and a `Location` with http instead of https.
    @Test func clientCertificate() throws {
        let directory = try TemporaryDirectory()
        try makeCertificates(directory)
        let registry = try DockerRegistry(directory: directory)
        let proxy = try Proxy(
            directory, listen: "ssl http2", to: registry.authority,
            options: """
                ssl_certificate \(directory.path)/server.pem;
                ssl_certificate_key \(directory.path)/server.key;
                ssl_client_certificate \(directory.path)/ca.pem; ssl_verify_client on;
                client_max_body_size 0; proxy_request_buffering off; proxy_http_version 1.1;
                """)
        let reference = try RegistryReference("127.0.0.1:\(proxy.port)/a/b")
        let client = try testClient { options in
            options.caFile = Path("\(directory.path)/ca.pem")
            options.certificate = Path("\(directory.path)/client.pem")
            options.key = Path("\(directory.path)/client.key")
        }
        try roundTrip(client.repository(reference))
        let log = String(decoding: try directory.read("access.log"), as: UTF8.self)
        #expect(log.contains("PATCH") && log.contains("HTTP/2.0"))
        let stranger = try testClient { $0.caFile = Path("\(directory.path)/ca.pem") }
        #expect(throws: RegistryError.self) {
            try stranger.repository(reference).manifest(.tag("x"))
        }
        withExtendedLifetime((registry, proxy)) {}
    }

    /// A proxy that limits bodies answers 413 to a streamed body.
    @Test(arguments: [20, 10]) func bodyLimit(megabytes: Int) throws {
        let directory = try TemporaryDirectory()
        let registry = try DockerRegistry(directory: directory)
        let proxy = try Proxy(
            directory, listen: "", to: registry.authority,
            options: "client_max_body_size \(megabytes)m;")
        let client = try testClient()
        let reference = try RegistryReference("127.0.0.1:\(proxy.port)/a/b")
        try roundTrip(client.repository(reference))
        withExtendedLifetime((registry, proxy)) {}
    }

    @Test func htpasswd() throws {
        let directory = try TemporaryDirectory()
        let line = try run(["htpasswd", "-nbB", "user", "secret-word"])
        try directory.write("htpasswd", String(decoding: line, as: UTF8.self))
        let registry = try DockerRegistry(
            extra: "auth: {htpasswd: {realm: here, path: \(directory.path)/htpasswd}}",
            directory: directory)
        let client = try authenticatedClient(directory, registry.authority)
        try roundTrip(registry.repository("a/b", client))
        let error = #expect(throws: RegistryError.self) {
            try registry.repository("a/b").manifest(.tag("x"))
        }
        #expect(error?.exitStatus == .denied)
        #expect(throws: RegistryError.self) {
            try client.login(registry.authority, user: "user", password: "other-word")
        }
        try client.login(registry.authority, user: "user", password: "secret-word")
        withExtendedLifetime(registry) {}
    }

    /// We read what other programs push, and they read what we push.
    @Test func skopeo() throws {
        let directory = try TemporaryDirectory()
        let registry = try DockerRegistry(directory: directory)
        let repository = try registry.repository("ours/image")
        let config = Array(
            #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#.utf8)
        _ = try repository.writeBlob(MemoryBlob(config), mountFrom: [])
        let manifest = Manifest(
            config: Descriptor(
                mediaType: .config, digest: .of(config), size: Int64(config.count)))
        let stored = manifest.document.serialized()
        try repository.putManifest(
            RawManifest(bytes: stored, mediaType: .manifest), tag: "1")
        try run([
            "skopeo", "--insecure-policy", "copy", "-q", "--src-tls-verify=false",
            "--dest-tls-verify=false",
            "docker://\(registry.authority)/ours/image:1",
            "docker://\(registry.authority)/theirs/image:2",
        ])
        let theirs = try registry.repository("theirs/image")
        #expect(try theirs.manifest(.tag("2"))?.bytes == stored)
        #expect(try theirs.hasBlob(.of(config)))
        withExtendedLifetime(registry) {}
    }
}
