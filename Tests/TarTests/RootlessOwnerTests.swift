import Testing

@testable import Tar

@Suite struct RootlessOwnerTests {
    @Test(
        arguments: [(1, 0), (0, 1), (1000, 12), (0xFFFF_FFFE, 0xFFFF_FFFE), (127, 128)]
            as [(UInt32, UInt32)])
    func whatIsRecordedIsRead(_ uid: UInt32, _ gid: UInt32) throws {
        let record = try #require(RootlessOwner.encode(uid: uid, gid: gid))
        let owner = try #require(RootlessOwner.decode(record))
        #expect(owner.uid == uid)
        #expect(owner.gid == gid)
    }

    @Test(
        arguments: [
            [0x08], [0x08, 0x80], [0x18, 0x01], [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
            [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], [0x09, 0x01],
        ] as [[UInt8]])
    func whatIsNoOwnerIsRefused(_ record: [UInt8]) {
        #expect(RootlessOwner.decode(record) == nil)
    }
}
