/**
 * The state tables when symmetric synchronization is selected: X.225 Tables A.17 to A.25.
 *
 * Data, in the words of the standard; {@link compileTable} explains the notation.
 *
 * @module
 */

import type { TableSource } from "./table.ts";

/**
 * The state tables with symmetric synchronization, in the standard's notation: for {@link
 * compileTable}.
 */
export const withSymmetric: TableSource = {
  // A.17: connection establishment
  AC: {
    "01 01B": "//",
    "01A 15D 16": "→=",
    "01C": "TDISreq →01",
    "02A": "¬p178: SCONcnf+ [5] [11] →713 then [6] | p178: SCONcnf+ [71] [11] →713 then [6]",
  },
  CDO: {
    "01 01B": "//",
    "01C": "TDISreq →01",
    "01D": "¬p202: [50] →= | p202: SCONind →08",
    "15D": "→=",
  },
  CN: {
    "01 01B": "//",
    "01A 16": "TDISreq [3] →01",
    "01C":
      "¬p01&¬p76&p204: OA [50] →01D | ¬p01&¬p76&¬p204: SCONind →08 | " +
      "¬p01&p76&¬p02: RF-nr [4] →16 | ¬p01&p76&p02: RF-r →= | p01: TDISreq →01",
  },
  OA: {
    "01 01B": "//",
    "01C": "TDISreq →01",
    "02B": "CDO [51] →02A",
    "15D": "→=",
  },
  "RF-nr": {
    "01 01B": "//",
    "01A 16": "→=",
    "01C": "TDISreq →01",
    "02A 02B": "SCONcnf- TDISreq →01",
  },
  "RF-r": {
    "01 01B": "//",
    "01A 16": "→=",
    "01C": "TDISreq →01",
    "02A 02B": "¬p02: SCONcnf- TDISreq →01 | p02: SCONcnf- →01C",
  },
  SCONreq: {
    "01": "TCONreq [2] →01B",
    "01C": "p01&p204: CN →02B | p01&¬p204: CN →02A",
  },
  "SCONrsp+": {
    "08": "¬p178: AC [5] [11] →713 | p178: AC [71] [11] →713",
    "15D": "→=",
  },
  "SCONrsp-": {
    "08": "¬p02: RF-nr [4] →16 | p02: RF-r →01C",
    "15D": "[4] →16",
  },
  TCONcnf: {
    "01 01A 01C 01D 02A 02B 08 15D 16": "//",
    "01B": "p204: CN →02B | ¬p204: CN →02A",
  },
  TCONind: {
    "01": "TCONrsp [1] →01C",
    "01A 01B 01C 01D 02A 02B 08 15D 16": "//",
  },
  // A.18: data transfer
  DT: {
    "01A 15D 16 19": "→=",
    "01C 01D": "TDISreq →01",
    "03": "p05&p10: SDTind →=",
    "04A 04B 15A 713": "p05: SDTind →=",
    "05A 06 15B 15C": "p05&p185: →= | p05&¬p185: SDTind →=",
    "05B 05C 20": "p05: →=",
    "11A": "p05&¬p185: SDTind →=",
    "18 21": "p70: SDTind →=",
  },
  EX: {
    "01A 16": "→=",
    "01C 01D": "TDISreq →01",
    "02A": "[10] →=",
    "03": "p09: SEXind →=",
    "04A 04B 18 21 713": "p08: SEXind →=",
    "05A": "p08&p185: →= | p08&¬p185: SEXind →=",
    "05B 05C 19 20": "p08: →=",
    "06 15A 15C": "p08: [10] →=",
    "11A": "p08&¬p185: SEXind →=",
    "15B": "p08&¬p185: [10] →=",
  },
  TD: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "03": "p06&p10: STDind →=",
    "04A 04B 15A 18 21 713": "p06: STDind →=",
    "05A 06 15B 15C": "p06&p185: →= | p06&¬p185: STDind →=",
    "05B 05C 19 20": "p06: →=",
    "11A": "p06&¬p185: STDind →=",
  },
  SDTreq: {
    "05A 11A 15C": "p03&¬p186: DT →=",
    "06": "p03&p184&p186: →= | p03&p184&¬p186: DT →=",
    "09": "p04: DT →=",
    "10A 10B 713": "p03: DT →=",
    "15B": "p03&p186: →= | p03&¬p186: DT →=",
    "15D": "→=",
    18: "p70: DT →=",
  },
  SEXreq: {
    "05A 11A 15C": "p08&¬p186: EX →=",
    "06": "p08&p184&p186: →= | p08&p184&¬p186: EX →=",
    "09": "p09: EX →=",
    "10A 10B 18 713": "p08: EX →=",
    "15B": "p08&p186: →= | p08&¬p186: EX →=",
    "15D": "→=",
  },
  STDreq: {
    "05A 11A 15C": "p06&¬p186: TD →=",
    "06": "p06&p184&p186: →= | p06&p184&¬p186: TD →=",
    "09": "p07: TD →=",
    "10A 10B 18 713": "p06: TD →=",
    "15B": "p06&p186: →= | p06&¬p186: TD →=",
    "15D": "→=",
  },
  // A.19: synchronization
  "MAA/AEA": {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "04A": "p16&p20: SSYNMcnf [14] [22] →713 | p16&p173: SSYNMcnf [14] [62] [64] →713",
    "04B": "p16&p20: SACTEcnf [14] [22] →713 | p16&p173: SACTEcnf [14] [62] [64] →713",
    "05A 05B 05C 06 15B 15C": "[43] →=",
    "15A":
      "p20&¬p23: SSYNMcnf [14] [22] →713 then [6] | " +
      "p20&p23: SACTEcnf [14] [22] →713 then [6] | " +
      "p174&¬p23: SSYNMcnf [14] [62] [64] →713 then [6] | " +
      "p174&p23: SACTEcnf [14] [62] [64] →713 then [6]",
    20: "p20: →=",
  },
  MAP: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "05A 06 15C":
      "p12&p185: →= | p12&p178&¬p185: SSYNMind [62] →= | p12&¬p178&¬p185: SSYNMind [23] →=",
    "15B": "p12: →=",
    "19 20": "p12&p19: [31] →= | p12&p177: [62] →=",
    713: "p12&p19: SSYNMind [13] [31] →10A | p12&p177: SSYNMind [13] [62] →10A",
  },
  "PR-MAA": {
    "01A 05A 05B 05C 16": "→=",
    "01C 01D": "TDISreq →01",
    "04A 04B": "→15A",
  },
  SSYNMreq: {
    "15B": "p13&p186: →= | p13&¬p186: MAP [63] →=",
    "15D": "→=",
    713: "p13&¬p178: MAP [13] [24] →04A | p13&p178: MAP [13] [63] →04A",
  },
  SSYNMrsp: {
    "10A": "¬p178: PR-MAA(1) MAA [14] [22] →713 | p178: PR-MAA(1) MAA [14] [63] [64] →713",
    "15B 15D": "→=",
  },
  AE: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "05A 06 15B 15C": "p72: →=",
    "19 20": "p72&p19: [31] →= | p72&p177: [62] →=",
    713: "p72&p19: SACTEind [13] [31] →10B | p72&p177: SACTEind [13] [62] →10B",
  },
  MIA: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "03 713": "p17&p21: SSYNmcnf [25] →= | p17&p176: SSYNmcnf [65] →=",
    "04A 04B 15A": "p17&¬p20&p21: SSYNmcnf [25] →= | p17&p176: SSYNmcnf [65] →=",
    "05A 06 15B":
      "p17&¬p81&p186: →= | p17&p21&p81: SSYNmcnf [25] →= | " +
      "p17&p176&p81: SSYNmcnf [65] →= | p17&¬p81&p176&p186: SSYNmcnf [65] →=",
    "05B 05C": "p17: →=",
    "11A": "¬p186: SSYNmcnf [65] →=",
    "15C":
      "p17&¬p81&p186: →= | p17&p21&p81: SSYNmcnf [25] →= | " +
      "p17&p176&p81: SSYNmcnf [65] →= | p17&¬p81&p176&p186: SSYNmcnf [65] →= | " +
      "p17&¬p186: SSYNmcnf [65] →=",
    19: "p17&p21: [25] →= | p17&p176: [65] →=",
    20: "p17&p21: →= | p17&p176: [65] →=",
  },
  MIP: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "03 04A 04B": "p178&p26: SSYNmind [62] →=",
    "05A":
      "p14&¬p178&p185: →= | p178&p185&p26: →= | p178&¬p185&p26: SSYNmind [62] →= | " +
      "¬p178&¬p185&p26: SSYNmind [23] →=",
    "05B 05C": "p14: →= | p178: →=",
    "06":
      "p14: →= | p178&p185&p26: →= | p178&¬p185&p26: SSYNmind [62] →= | " +
      "¬p178&¬p185&p26: SSYNmind [23] →=",
    "11A": "¬p185: SSYNmind [62] →=",
    "15A": "p178: SSYNmind [62] →=",
    "15B 15C":
      "p14&¬p178&p185: →= | p178&p185: →= | p178&¬p185: SSYNmind [62] →= | " +
      "p14&¬p178&¬p185: SSYNmind [23] →=",
    "19 20": "p14&p19: [23] →= | p26&p178: [62] →=",
    713: "p14&p19: SSYNmind [23] →= | p26&p178: SSYNmind [62] →=",
  },
  "MIP-d": {
    "01A": "→=",
    "01C 01D": "TDISreq →01",
    "03 04A 04B": "p82&p178&p26: SSYNmind [44] [62] →=",
    "05A 06":
      "p14&p82: [44] →= | p82&p178&p185&p26: [44] →= | " +
      "p82&p178&¬p185&p26: SSYNmind [44] [62] →= | " +
      "p82&¬p178&¬p185&p26: SSYNmind [44] [23] →=",
    "05B 05C": "p14&p82: [44] →= | p82&p178: [44] →=",
    "15A": "p82&p178: SSYNmind [44] [62] →=",
    "15C":
      "p14&p82&¬p178&p185: [44] →= | p14&p82&¬p178&¬p185: SSYNmind [44] [23] →= | " +
      "p82&p178&p185: [44] →= | p82&p178&¬p185: SSYNmind [44] [62] →=",
    "15D 16": "p82: [44] →=",
    "19 20": "p14&p19&p82: [44] [23] →= | p26&p82&p178: [44] [62] →=",
    713: "p14&p19&p82: SSYNmind [44] [23] →= | p26&p82&p178: SSYNmind [44] [62] →=",
  },
  SACTEreq: {
    "15B": "p71: →=",
    "15D": "→=",
    713: "p71&¬p178: AE [13] [24] →04B | p71&p178: AE [13] [63] →04B",
  },
  SACTErsp: {
    "10B": "¬p178: PR-MAA(1) AEA [14] [22] →713 | p178: PR-MAA(1) AEA [14] [62] [64] →713",
    "15D": "→=",
  },
  SSYNmdreq: {
    "05A 11A 15C": "p82&¬p186: MIP [42] [63] →=",
    "06": "p82&p184&p186: →= | p82&p184&¬p186: MIP [42] [63] →=",
    "09 10A 10B": "p82&p178&p26: MIP [42] [63] →=",
    "15B": "p15&p82: →= | p82&p178&p186: →= | p82&¬p186: MIP [42] [63] →=",
    "15D": "→=",
    713: "p15&p82: MIP [41] [24] →= | p82&p178&p26: MIP [42] [63] →=",
  },
  SSYNmreq: {
    "05A 11A 15C": "¬p186: MIP [63] →=",
    "06": "p184&p186: →= | p184&¬p186: MIP [63] →=",
    "09 10A 10B": "p178&p26: MIP [63] →=",
    "15B": "p15: →= | p178&p186: →= | ¬p186: MIP [63] →=",
    "15D": "→=",
    713: "p15: MIP [24] →= | p178&p26: MIP [63] →=",
  },
  SSYNmrsp: {
    "05A 11A 15C": "p179&¬p185: MIA [66] →=",
    "06": "p179&p184&p185: →= | p179&p184&¬p185: MIA [66] →=",
    "09": "p18&p21: MIA [25] →= | p18&p179: MIA [66] →=",
    "10A 10B": "p18&¬p20&p21: MIA [25] →= | p18&¬p175&p179: MIA [66] →=",
    "15B": "p18&p21: →= | p179&p185: →= | p179&¬p185: MIA [66] →=",
    "15D": "→=",
    713: "p18&p21: MIA [25] →= | p26&p179: MIA [66] →=",
  },
  // A.20: resynchronization
  "PR-RA": {
    "01A 16": "→=",
    "01C 01D": "TDISreq →01",
    "05A 05B 05C": "→15C",
    "06": "[10] →=",
  },
  "PR-RS": {
    "01A 05B 05C 16": "→=",
    "01C 01D": "TDISreq →01",
    "02A 06 15A 15C 18": "[10] →=",
    "03": "p10&p80: [67] →15B",
    "04A 04B 10A 10B 19 20": "p80: [67] →15B",
    "05A": "p80: [67] →06",
    713: "p26: [67] →15B | ¬p26: [10] →=",
  },
  RA: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "05A": "p35&p49: SRSYNcnf [28] [11] →713 | p35&p187: SRSYNcnf [68] [11] →713",
    "15C": "p36&p49: SRSYNcnf [28] [11] →713 then [6] | p36&p187: SRSYNcnf [68] [11] →713 then [6]",
  },
  RS: {
    "01A 16": "→=",
    "01C": "TDISreq →01",
    "03": "p10&¬p34&p35&p32: [19] SRSYNind(2) [16] →11A",
    "04A 04B 19 20": "p35&p32: [19] SRSYNind(2) [16] →11A",
    "05A": "¬p24&p35&p32: →= then [72] | p24&p35&p32: [19] SRSYNind(2) [16] →11A",
    "05B 05C": "p35: →=",
    "06": "¬p24&p32: →05A then [72] [6] | p24&p32: [19] SRSYNind(2) [16] →11A then [6]",
    "10A": "p35&p180: [19] SRSYNind(2) [16] →11A",
    "15B": "p29&p32: [19] SRSYNind(2) [16] →11A",
    713: "p26&p35&p32: [19] SRSYNind(2) [16] →11A",
  },
  SRSYNreq: {
    "04A": "p28&p180: PR-RS(5) RS [16] →05A",
    "09": "p10&p28&¬p34&p32: PR-RS(5) RS [16] →05A",
    "10A 10B 20": "p28&p32: PR-RS(5) RS [16] →05A",
    "11A": "p24&p32: PR-RS(5) RS [16] →05A",
    "15A": "p28&p30&p180: PR-RS(5) RS [16] →05A",
    "15B": "p27&p28&p32: PR-RS(5) RS [16] →06",
    713: "p29&p32: PR-RS(5) RS [16] →05A",
  },
  SRSYNrsp: {
    "11A": "p43: PR-RA(1) RA [28] [11] →713 | p187: PR-RA(1) RA [68] [11] →713",
    "15D": "→=",
  },
  // A.21: activity interrupt/discard
  AD: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "05A 10A 10B 19 20 713": "p38&p40: SACTDind [16] →11C",
    "06 15B": "p37&p40: SACTDind [16] →11C",
  },
  ADA: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "05C": "p38: SACTDcnf [29] →713",
    "15C": "p37&p41: SACTDcnf [29] →713 then [6]",
  },
  AI: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "05A 10A 10B 19 20 713": "p38&p40: SACTIind [16] →11B",
    "06 15B": "p37&p40: SACTIind [16] →11B",
    22: "p16: SACTIind [16] →11B",
  },
  AIA: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "05B": "p38: SACTIcnf [29] →713",
    "15C": "p37&p42: SACTIcnf [29] →713 then [6]",
  },
  SACTDreq: {
    "04A 11A 713": "p34&p39: PR-RS(1) AD [16] →05C",
    "04B": "p39: PR-RS(1) AD [16] →05C",
    "15A": "p34&p39: PR-RS(1) AD [16] →05C then [6]",
    "15B": "p27&p34&p39: PR-RS(1) AD [16] →05C",
    "15D": "→=",
    20: "p34&p11: PR-RS(1) AD [16] →05C",
  },
  SACTDrsp: {
    "11C": "PR-RA(1) ADA [30] →713",
    "15D": "→=",
  },
  SACTIreq: {
    "04A 11A 713": "p34&p39: PR-RS(1) AI [16] →05B",
    "04B": "p39: PR-RS(1) AI [16] →05B",
    "15A": "p34&p39: PR-RS(1) AI [16] →05B then [6]",
    "15B": "p27&p34&p39: PR-RS(1) AI [16] →05B",
    "15D": "→=",
    20: "p34&p11: PR-RS(1) AI [16] →05B",
    21: "p16: AI [16] →05B",
  },
  SACTIrsp: {
    "11B": "PR-RA(1) AIA [30] →713",
    "15D": "→=",
  },
  // A.22: activity start/resume + capability data
  AR: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "15B": "p44&¬p178: SACTRind [12] [27] →= | p44&p178: SACTRind [12] [69] →=",
    713: "p44&¬p178: SACTRind [12] [27] →= then [6] | p44&p178: SACTRind [12] [69] →= then [6]",
  },
  AS: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "15B": "p44&¬p178: SACTSind [12] [26] →= | p44&p178: SACTSind [12] [70] →=",
    713: "p44&¬p178: SACTSind [12] [26] →= then [6] | p44&p178: SACTSind [12] [70] →= then [6]",
  },
  CD: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    713: "p46: SCDind →22",
  },
  CDA: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "05B": "¬p26: →=",
    21: "SCDcnf →713",
  },
  SACTRreq: {
    "15D": "→=",
    713: "p45&¬p178: AR [12] [27] →= | p45&p178: AR [12] [69] →=",
  },
  SACTSreq: {
    713: "p45&¬p178: AS [12] [26] →= | p45&p178: AS [12] [70] →=",
  },
  SCDreq: {
    "15D": "→=",
    713: "p47: CD →21",
  },
  SCDrsp: {
    "15D": "→=",
    22: "CDA →713",
  },
  // A.23: tokens + exceptions
  ED: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "03": "p52: SUERind →20",
    "04A 04B": "p48&p03: SUERind →20 | p48&¬p03: SUERind →713",
    "05A 05B 05C 06 15C": "p48: →=",
    19: "p50: SUERind →=",
    713: "p50: SUERind →= | p51: SUERind →20",
  },
  ER: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "03": "p52: SPERind →20",
    "04A 04B": "p48&p03: SPERind →20 | p48&¬p03: SPERind →713",
    "05A 05B 05C 06 15C": "p48: →=",
    19: "p50: SPERind →=",
    21: "p48: SPERind →20",
    713: "p50: SPERind →= | p51: SPERind →20",
  },
  GT: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "04A 04B 10A 10B 15A 21 713": "p59: SGTind [11] →=",
    "05A 06 15B 15C": "p59&p185: →= | p59&¬p185: SGTind [11] →=",
    "05B 05C": "p59: →=",
    "19 20": "p60: SGTind [11] →= | p61: SGTind [11] →713",
  },
  GTA: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    18: "→713 then [6]",
  },
  GTC: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    713: "p62: SCGind GTA [11] →=",
  },
  PT: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "03 04A 04B 15A 18 21 713": "p53: SPTind →=",
    "05A 06 15B 15C": "p53&p185: →= | p53&¬p185: SPTind →=",
    "05B 05C 19 20": "p53: →=",
  },
  SCGreq: {
    "15D": "→=",
    713: "p55: GTC [11] →18",
  },
  SGTreq: {
    "04A 04B 10A 10B 15A 713": "p54: GT [11] →=",
    "15B": "p54: →=",
    "15D": "→=",
    20: "p57: GT [11] →= | p58: GT [11] →713",
  },
  SPTreq: {
    "09 10A 10B 22 713": "p53: PT →=",
    "15B": "p53: →=",
    "15D": "→=",
  },
  SUERreq: {
    "09 10A 10B 713": "p50: ED →19",
    "15B": "p50: →=",
    "15D": "→=",
  },
  // A.24: release
  DN: {
    "01A 16": "→=",
    "01C 01D": "TDISreq →01",
    "03": "¬p66: SRELcnf+ TDISreq →01 | p66: SRELcnf+ →01C",
    "09": "p69&¬p01: SRELcnf+ [32] →=",
  },
  "FN-nr": {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "03": "¬p65: SRELind [8] [18] →09",
    "05A 06 15C 19 20": "p68: →=",
    713: "p68: SRELind [8] →09",
  },
  "FN-r": {
    "01A 16": "→=",
    "01C 01D": "TDISreq →01",
    "03": "¬p65&¬p01&p16: SRELind [8] [18] →09",
    "05A 15C 19 20": "p68&¬p01&p16: →=",
    713: "p68&¬p01&p16: SRELind [9] →09",
  },
  NF: {
    "01A 15D 16": "→=",
    "01C 01D": "TDISreq →01",
    "03": "p67: SRELcnf- →713",
    "15B": "p67: SRELcnf- →=",
  },
  SRELreq: {
    "09": "¬p65: FN-nr [8] [18] →=",
    "15B": "p63: →=",
    "15D": "→=",
    713: "p63&¬p64: FN-nr [8] →03 | p63&p64: FN-r [7] →03",
  },
  "SRELrsp+": {
    "09": "¬p66&p75: DN [4] →16 | p66: DN →01C | p69&p01: DN →03",
    "15D": "[4] →16",
  },
  "SRELrsp-": {
    "09": "p67: NF →713",
    "15D": "→=",
  },
  // A.25: abort
  AA: {
    "01 01B": "//",
    "01A": "[3] →01C",
    "01C 01D": "TDISreq →01",
    16: "[3] TDISreq →01",
  },
  "AB-nr": {
    "01 01B": "//",
    "01A 16": "[3] TDISreq →01",
    "01C 01D": "TDISreq →01",
    "02A 03 04A 04B 05A 05B 05C 08 09 10A 10B 11A 11B 11C 18 19 20 21 22 713":
      "¬p02: SxABind(3) TDISreq →01 | p02: SxABind(3) AA [4] →16",
    "02B 06 15A 15B 15C 15D": "SxABind(3) TDISreq →01",
  },
  "AB-r": {
    "01 01B": "//",
    "01A": "[3] →01C",
    "01C": "¬p02: TDISreq →01 | p02: AA →=",
    "01D": "¬p02: TDISreq →01 | p02: AA →01C",
    "02A 02B 03 04A 04B 05A 05B 05C 08 09 10A 10B 11A 11B 11C 18 19 20 21 22 713":
      "¬p02: SxABind(3) TDISreq →01 | p02: SxABind(3) AA →01C",
    16: "[3] TDISreq →01",
  },
  "PR-AB": {
    "01 01A 01B 01D 02B": "//",
    "01C": "TDISreq →01",
    "02A 03 04A 04B 05A 05B 05C 06 08 09 10A 10B 11A 11B 11C 15A 15B 15C 18 19 20 21 22 713":
      "→15D",
    16: "[3] TDISreq →01",
  },
  SUABreq: {
    "01B": "TDISreq →01",
    "02A 02B 03 04A 04B 05A 05B 05C 08 09 10A 10B 11A 11B 11C 18 19 20 21 22 713":
      "¬p02: PR-AB(4) AB-nr [4] →16 | p02: AB-r [4] →01A",
    "06 15A 15B 15C": "¬p02: PR-AB(4) AB-nr [4] →16",
    "15D": "[4] →16",
  },
  TDISind: {
    "01": "//",
    "01A 16": "[3] →01",
    "01B 02A 02B 03 04A 04B 05A 05B 05C 06 08 09 10A 10B 11A 11B 11C 15A 15B 15C 15D 18 19 20 21 22 713":
      "SPABind →01",
    "01C 01D": "→01",
  },
  TIM: {
    "01 01B 01C 01D 02A 02B 03 04A 04B 05A 05B 05C 06 08 09 10A 10B 11A 11B 11C 15A 15B 15C 18 19 20 21 22 713":
      "//",
    "01A 15D 16": "TDISreq →01",
  },
};
