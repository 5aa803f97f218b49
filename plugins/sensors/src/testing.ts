// SPDX-License-Identifier: Apache-2.0
/** Hosts and printed texts as data, composed for tests of this plugin and of programs that run it. */

/** A file of a simulated host: its text, a link to another path, or the code of the error that reading it throws. */
export type SimulatedFile = string | { readonly link: string } | { readonly code: string }

/** A simulated host by absolute path. */
export type SimulatedTree = Readonly<Record<string, SimulatedFile>>

/** One chip: where its folder really is, and the files in it. */
export interface SimulatedChip {
  readonly folder: string
  readonly files: Readonly<Record<string, string | { readonly code: string }>>
}

/**
 * A /sys tree in which each chip hangs as the kernel hangs it: the folder below its device, a link to it in
 * /sys/class/hwmon.
 *
 * @example
 * hwmonTree({ hwmon0: { folder: '/sys/devices/platform/x/hwmon/hwmon0', files: { name: 'x\n' } } })
 */
export function hwmonTree(chips: Readonly<Record<string, SimulatedChip>>): SimulatedTree {
  const tree: Record<string, SimulatedFile> = {}
  for (const [device, { folder, files }] of Object.entries(chips)) {
    tree[`/sys/class/hwmon/${device}`] = { link: folder }
    for (const [name, content] of Object.entries(files)) tree[`${folder}/${name}`] = content
  }
  return tree
}

const board: SimulatedChip = {
  folder: '/sys/devices/platform/nct6775.656/hwmon/hwmon2',
  files: {
    name: 'nct6798\n',
    in0_input: '1048\n',
    in0_max: '1744\n',
    in1_input: '3312\n',
    in1_max: '0\n',
    fan1_input: '1180\n',
    fan2_input: '0\n',
    temp1_input: '31500\n',
    temp1_label: 'SYSTIN\n',
    temp1_max: '80000\n',
    temp1_crit: '100000\n',
    temp2_input: '-128000\n',
    temp2_fault: '1\n',
    temp2_label: 'AUXTIN\n',
    humidity1_input: '41500\n',
    pwm1: '128\n',
    energy1_input: '123456789\n',
  },
}

function drive(at: string, folder: string, celsius: string): SimulatedChip {
  return {
    folder: `/sys/devices/pci0000:00/${at}/nvme/${folder}`,
    files: {
      name: 'nvme\n',
      temp1_input: `${celsius}\n`,
      temp1_label: 'Composite\n',
      temp1_max: '83850\n',
      temp1_crit: '87850\n',
      temp2_input: `${celsius}\n`,
      temp2_label: 'Sensor 1\n',
      temp2_max: '65261850\n',
      temp2_min: '-273150\n',
    },
  }
}

/** A home machine: a processor, a board, two drives of one make, graphics, and a radio that is switched off. */
export const HOME_MACHINE: SimulatedTree = hwmonTree({
  hwmon0: {
    folder: '/sys/devices/pci0000:00/0000:00:18.3/hwmon/hwmon0',
    files: { name: 'k10temp\n', temp1_input: '48125\n', temp1_label: 'Tctl\n' },
  },
  hwmon1: drive('0000:01:00.0', 'nvme0/hwmon1', '38850'),
  hwmon2: board,
  hwmon3: drive('0000:02:00.0', 'nvme1/hwmon3', '44850'),
  hwmon4: {
    folder: '/sys/devices/pci0000:00/0000:00:08.1/0000:04:00.0/hwmon/hwmon4',
    files: {
      name: 'amdgpu\n',
      temp1_input: '41000\n',
      temp1_label: 'edge\n',
      power1_average: '9175000\n',
      power1_label: 'PPT\n',
      power1_cap: '54000000\n',
      curr1_input: '1250\n',
      freq1_input: '400000000\n',
    },
  },
  hwmon10: {
    folder: '/sys/devices/virtual/thermal/thermal_zone1/hwmon10',
    files: { name: 'iwlwifi_1\n', temp1_input: { code: 'ERR_FILE_READ' } },
  },
})

/** What `sensors -j` prints on the home machine: board voltages are scaled and named, the radio is an empty object. */
export const HOME_MACHINE_SENSORS = `{
   "nvme-pci-0200":{
      "Adapter": "PCI adapter",
      "Composite":{ "temp1_input": 44.850, "temp1_max": 83.850, "temp1_crit": 87.850 },
      "Sensor 1":{ "temp2_input": 44.850, "temp2_max": 65261.850, "temp2_min": -273.150 }
   },
   "nct6798-isa-0290":{
      "Adapter": "ISA adapter",
      "Vcore":{ "in0_input": 1.048, "in0_max": 1.744 },
      "+5V":{ "in1_input": 4.968, "in1_max": 0.000 },
      "CPU Fan":{ "fan1_input": 1180.000 },
      "SYSTIN":{ "temp1_input": 31.500, "temp1_max": 80.000, "temp1_crit": 100.000 }
   },
   "k10temp-pci-00c3":{ "Adapter": "PCI adapter", "Tctl":{ "temp1_input": 48.125 } },
   "iwlwifi_1-virtual-0":{ "Adapter": "Virtual device", "temp1":{} },
   "nvme-pci-0100":{
      "Adapter": "PCI adapter",
      "Composite":{ "temp1_input": 38.850, "temp1_max": 83.850, "temp1_crit": 87.850 },
      "Sensor 1":{ "temp2_input": 38.850, "temp2_max": 65261.850, "temp2_min": -273.150 }
   }
}
`

const STAT_BEFORE = `cpu  1000 0 500 8000 300 0 100 100 50 0
cpu0 500 0 250 4000 150 0 50 50 25 0
cpu1 500 0 250 4000 150 0 50 50 25 0
intr 12345 0 0
ctxt 67890
`

/** A quarter second later: the first core worked 20 of 25 ticks, 10 of them for a guest; the second 5 of 25. */
export const STAT_AFTER = `cpu  1020 0 505 8020 305 0 100 100 60 0
cpu0 515 0 255 4004 151 0 50 50 35 0
cpu1 505 0 250 4016 154 0 50 50 25 0
intr 12399 0 0
ctxt 67999
`

/** The texts of /proc that the host job reads. */
export const PROC: SimulatedTree = {
  '/proc/loadavg': '0.42 1.05 12.00 2/812 4711\n',
  '/proc/uptime': '86461.27 170000.03\n',
  '/proc/meminfo':
    'MemTotal:       16384000 kB\nMemFree:         1024000 kB\nMemAvailable:    8192000 kB\n' +
    'SwapTotal:       4096000 kB\nSwapFree:        3072000 kB\nHugePages_Total:       0\n',
  '/proc/stat': STAT_BEFORE,
  '/proc/cpuinfo':
    'processor\t: 0\nmodel\t\t: 33\nmodel name\t: Example CPU 2-Core\ncpu family\t: 25\n\nprocessor\t: 1\n',
  '/proc/sys/kernel/osrelease': '6.8.12-4-pve\n',
  '/proc/pressure/cpu': 'some avg10=1.50 avg60=2.25 avg300=0.75 total=123456\n',
  '/proc/pressure/memory':
    'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
  '/proc/pressure/io':
    'some avg10=10.00 avg60=5.00 avg300=2.50 total=987654321\nfull avg10=9.00 avg60=4.00 avg300=1.50 total=900000000\n',
}

/** What `df` prints with the arguments of the host job. */
export const DF_TEXT = `Filesystem           Type         1B-blocks         Used        Avail Mounted on
udev                 devtmpfs    8374198272            0   8374198272 /dev
tmpfs                tmpfs       1678110720      1556480   1676554240 /run
/dev/mapper/pve-root ext4      100861726720  22548578304  73142861824 /
/dev/nvme0n1p2       vfat        1071624192     12582912   1059041280 /boot/efi
/dev/fuse            fuse         134217728        24576    134193152 /etc/pve
rpool/data           zfs       942337654784       131072 942337523712 /rpool/data disk one
//nas/My Share       cifs                 -            -            - /mnt/share
overlay              overlay   100861726720  22548578304  73142861824 /var/lib/docker/overlay2/1/merged
`

/** One printed text, the readings it must give as `[chip, label, value, unit]`, and parts of the notes. */
export interface SensorsText {
  readonly name: string
  readonly text: string
  readonly readings: readonly (readonly [string, string, number, string])[]
  readonly notes: readonly string[]
}

/** Texts in every state of repair that `sensors` is known to print. */
export const SENSORS_TEXTS: readonly SensorsText[] = [
  {
    name: 'a sound document on one line',
    text: '{"k10temp-pci-00c3":{"Adapter":"PCI adapter","Tctl":{"temp1_input":51.250000}}}\n',
    readings: [['k10temp-pci-00c3', 'Tctl', 51.25, 'celsius']],
    notes: [],
  },
  {
    name: 'NaN among good values',
    text: '{"coretemp-isa-0000":{"Core 0":{"temp2_input":NaN,"temp2_max":100.0},"Core 1":{"temp3_input":40.0},"fan1":{"fan1_input":-nan}}}',
    readings: [['coretemp-isa-0000', 'Core 1', 40, 'celsius']],
    notes: ['reports no number', 'reports no number'],
  },
  {
    name: 'an ERROR line in the place of a value',
    text: '{\n"iwlwifi_1-virtual-0":{\n"temp1":{\nERROR: Can\'t get value of subfeature temp1_input: Can\'t read\n}\n},\n"acpitz-acpi-0":{"temp1":{"temp1_input": 30.000}}\n}\n',
    readings: [['acpitz-acpi-0', 'temp1', 30, 'celsius']],
    notes: ["Can't get value of subfeature temp1_input"],
  },
  {
    name: 'an ERROR line before the document',
    text: 'ERROR: Can\'t get adapter name {"\n{"x-isa-0":{"in0":{"in0_input":1.5}}}',
    readings: [['x-isa-0', 'in0', 1.5, 'volts']],
    notes: ["Can't get adapter name"],
  },
  {
    name: 'several documents in a row',
    text: '{"a-isa-0":{"fan1":{"fan1_input":900}}}\n{"b-isa-0":{"fan1":{"fan1_input":0}}}{"c-isa-0":{}}',
    readings: [
      ['a-isa-0', 'fan1', 900, 'rpm'],
      ['b-isa-0', 'fan1', 0, 'rpm'],
    ],
    notes: ['shows no sensors'],
  },
  {
    name: 'a document cut in the middle of a number',
    text: '{"a-isa-0":{"Core 0":{"temp1_input":45.000,"temp1_crit":100.000},"Core 1":{"temp2_input":4',
    readings: [['a-isa-0', 'Core 0', 45, 'celsius']],
    notes: ['ends before its value', 'middle of this chip'],
  },
  {
    name: 'a document cut in the middle of a name',
    text: '{"a-isa-0":{"fan1":{"fan1_input":900}},"b-pci',
    readings: [['a-isa-0', 'fan1', 900, 'rpm']],
    notes: ['ends early'],
  },
  {
    name: 'leading, doubled and trailing commas',
    text: '{,"a-isa-0":{,"fan1":{\n,\n"fan1_input":900,},,"fan2":{"fan2_input":800},},}',
    readings: [
      ['a-isa-0', 'fan1', 900, 'rpm'],
      ['a-isa-0', 'fan2', 800, 'rpm'],
    ],
    notes: [],
  },
  {
    name: 'the same label four times',
    text: '{"dell_smm-isa-0":{"SODIMM":{"temp3_input":34.0},"SODIMM":{"temp4_input":39.0},"SODIMM":{"temp5_input":44.0},"SODIMM":{"temp6_input":33.0}}}',
    readings: [
      ['dell_smm-isa-0', 'SODIMM', 34, 'celsius'],
      ['dell_smm-isa-0', 'SODIMM', 39, 'celsius'],
      ['dell_smm-isa-0', 'SODIMM', 44, 'celsius'],
      ['dell_smm-isa-0', 'SODIMM', 33, 'celsius'],
    ],
    notes: [],
  },
  {
    name: 'sensors without their chip',
    text: '"SODIMM":{"temp3_input":34.0},"Ambient":{"temp4_input":30.0}',
    readings: [
      ['unknown', 'SODIMM', 34, 'celsius'],
      ['unknown', 'Ambient', 30, 'celsius'],
    ],
    notes: [],
  },
  {
    name: 'chips without their document',
    text: '"a-isa-0":{"fan1":{"fan1_input":900}},\n"b-isa-0":{"curr1":{"curr1_input":1.5}},',
    readings: [
      ['a-isa-0', 'fan1', 900, 'rpm'],
      ['b-isa-0', 'curr1', 1.5, 'amperes'],
    ],
    notes: [],
  },
  {
    name: 'empty objects',
    text: '{"a-isa-0":{"temp1":{},"Tctl":{},"in0":{"in0_input":1.0}},"b-isa-0":{}}',
    readings: [['a-isa-0', 'in0', 1, 'volts']],
    notes: ['shows no value', 'shows no value', 'shows no sensors'],
  },
  {
    name: 'the form with units, in Fahrenheit',
    text: '{"a-isa-0":{"temp1":{"label":"CPU","input":{"quantity":"temperature","unit":"°F","value":107.6},"max":{"quantity":"temperature","unit":"°F","value":212}},"in0":{"input":{"quantity":"voltage","unit":"V","value":12.1}},"in1":{"input":{"quantity":"voltage","unit":"kV","value":1}},"in2":{"input":{"quantity":"voltage","value":1}}}}',
    readings: [
      ['a-isa-0', 'CPU', 42, 'celsius'],
      ['a-isa-0', 'in0', 12.1, 'volts'],
    ],
    notes: ['unit "kV"', 'states no unit'],
  },
  {
    name: 'Fahrenheit in the form without units',
    text: '{"a-isa-0":{"CPU":{"temp1_input":107.6,"temp1_crit":212.0},"GPU":{"temp2_input":98.6},"Disk":{"temp3_input":98.33},"in0":{"in0_input":12.0}}}',
    readings: [['a-isa-0', 'in0', 12, 'volts']],
    notes: ['Fahrenheit'],
  },
  {
    name: 'a hot machine that is not Fahrenheit',
    text: '{"a-isa-0":{"CPU":{"temp1_input":95.0,"temp1_crit":210.0},"GPU":{"temp2_input":86.0},"Disk":{"temp3_input":68.0}}}',
    readings: [
      ['a-isa-0', 'CPU', 95, 'celsius'],
      ['a-isa-0', 'GPU', 86, 'celsius'],
      ['a-isa-0', 'Disk', 68, 'celsius'],
    ],
    notes: [],
  },
  {
    name: 'too few numbers to be sure of Fahrenheit',
    text: '{"a-isa-0":{"CPU":{"temp1_input":50.0,"temp1_crit":212.0}}}',
    readings: [['a-isa-0', 'CPU', 50, 'celsius']],
    notes: [],
  },
  {
    name: 'numbers that would be whole degrees in Fahrenheit, and are as likely Celsius',
    text: '{"a-isa-0":{"A":{"temp1_input":50.0},"B":{"temp2_input":59.0},"C":{"temp3_input":68.0},"D":{"temp4_input":77.0}}}',
    readings: [
      ['a-isa-0', 'A', 50, 'celsius'],
      ['a-isa-0', 'B', 59, 'celsius'],
      ['a-isa-0', 'C', 68, 'celsius'],
      ['a-isa-0', 'D', 77, 'celsius'],
    ],
    notes: [],
  },
  {
    name: 'labels with quotes and backslashes, as they are printed and as JSON writes them',
    text: '{"a-isa-0":{"12V "main" \\":{"in0_input":12.0},"5V \\"usb\\"":{"in1_input":5.0},"T\\u00b0":{"temp1_input":20.0}}}',
    readings: [
      ['a-isa-0', '12V "main" \\', 12, 'volts'],
      ['a-isa-0', '5V "usb"', 5, 'volts'],
      ['a-isa-0', 'T°', 20, 'celsius'],
    ],
    notes: [],
  },
  {
    name: 'values that cannot be and faults that the chip admits',
    text: '{"a-isa-0":{"temp1":{"temp1_input":65261.85},"temp2":{"temp2_input":-273.15},"temp3":{"temp3_input":20.0,"temp3_fault":1.0},"fan1":{"fan1_input":-1},"temp4":{"temp4_input":20.0,"temp4_fault":0.0}}}',
    readings: [['a-isa-0', 'temp4', 20, 'celsius']],
    notes: ['65261.85', '-273.15', 'reports a fault', 'cannot be'],
  },
  {
    name: 'things that are no readings',
    text: '{"a-isa-0":{"pwm1":{"pwm1_enable":2.0},"energy1":{"energy1_input":10.0},"beep_enable":{"beep_enable":0.0},"intrusion0":{"intrusion0_alarm":1.0},"freq1":{"freq1_input":200000000.0},"power1":{"power1_average":11.5,"power1_cap":150.0}}}',
    readings: [['a-isa-0', 'power1', 11.5, 'watts']],
    notes: [],
  },
  { name: 'no chips', text: '{\n\n}\n', readings: [], notes: [] },
  { name: 'nothing at all', text: '', readings: [], notes: [] },
  {
    name: 'words for people',
    text: 'No sensors found!\nMake sure you loaded all the kernel drivers you need.\n',
    readings: [],
    notes: ['No sensors found!', 'Make sure'],
  },
  {
    name: 'values outside any chip',
    text: '{"temp1_input": 30.0, "version": "x"}',
    readings: [],
    notes: ['temp1_input', 'version'],
  },
  {
    name: 'brackets that lead nowhere',
    text: '}}]]{{[{"a":}{',
    readings: [],
    notes: ['ends early'],
  },
]
