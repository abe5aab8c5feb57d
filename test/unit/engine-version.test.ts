import {expect} from 'chai'

import {compareVersions, parseEngineVersion} from '../../src/lib/postgres/engine-version.js'

describe('A version as RDS names it', () => {
  it('is MAJOR.MINOR, or a release of Extended Support', () => {
    expect(parseEngineVersion('17.10')).to.deep.equal({major: 17, minor: 10, extended: ''})
    expect(parseEngineVersion('13.23-rds.20260224')).to.deep.equal({major: 13, minor: 23, extended: '20260224'})
    expect(parseEngineVersion('11.22-RDS.20240208.R2.20240210')).to.deep.equal({
      major: 11,
      minor: 22,
      extended: '20240208.R2.20240210',
    })
  })

  for (const text of ['16.13-limitless', '', '17', '17.x', '9.6.24', 'default']) {
    it(`is not ${text || 'nothing'}`, () => expect(parseEngineVersion(text)).to.equal(undefined))
  }

  it('has an order', () => {
    const versions = ['13.23-rds.20260224', '14.9', '13.23', '14.23', '13.23-rds.20250220'].map((text) =>
      parseEngineVersion(text)!,
    )
    expect(versions.sort(compareVersions).map(({minor, extended}) => `${minor} ${extended}`.trim())).to.deep.equal([
      '23',
      '23 20250220',
      '23 20260224',
      '9',
      '23',
    ])
  })
})
