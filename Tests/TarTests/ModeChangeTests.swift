import Testing

@testable import Tar

@Suite struct ModeChangeTests {
    @Test(
        arguments: [
            ("644", 0o4755, 0o644, 0o644), ("0", 0o777, 0, 0), ("07777", 0, 0o7777, 0o7777),
            ("u=rwX,go=rX", 0o664, 0o644, 0o755), ("u=rwX,go=rX", 0o775, 0o755, 0o755),
            ("go-w", 0o666, 0o644, 0o644), ("+x", 0o640, 0o751, 0o751),
            ("a+X", 0o640, 0o640, 0o751), ("o=", 0o777, 0o770, 0o770),
            ("g=u", 0o640, 0o660, 0o660), ("u+s,g+s", 0o755, 0o6755, 0o6755),
            ("u=rw", 0o4755, 0o655, 0o655), ("+t", 0o777, 0o1777, 0o1777),
            ("a=rw,+X", 0o755, 0o777, 0o777), ("u+x,o=rX", 0o644, 0o744, 0o745),
            ("u-x+w", 0o500, 0o600, 0o600), ("ug=rw,o=r", 0o777, 0o664, 0o664),
        ] as [(String, UInt32, UInt32, UInt32)])
    func asChmod(_ text: String, _ mode: UInt32, _ file: UInt32, _ directory: UInt32) throws {
        let change = try #require(ModeChange(text))
        #expect(change.apply(to: mode, isDirectory: false) == file)
        #expect(change.apply(to: mode, isDirectory: true) == directory)
    }

    @Test(
        arguments: [
            "", "8", "10000", "-1", "u", "u=rwz", "u=rw,", ",u=r", "z=r", "u=gr", "u=rg", "rw",
            "99999999999",
        ])
    func malformed(_ text: String) { #expect(ModeChange(text) == nil) }
}
