"""Modbus units of a district over the small world they measure."""

from firmware_sim.bins import build_bin
from firmware_sim.ground import Ground
from firmware_sim.modbus.dfrobot import build_sen0492, build_urm13
from firmware_sim.modbus.eastron import build_sdm120, build_sdm630
from firmware_sim.modbus.intesis import DaliLamp, IntesisGateway
from firmware_sim.modbus.pdu import Unit
from firmware_sim.modbus.pzem004t import Pzem004t
from firmware_sim.modbus.settings import (
    DaliGatewaySettings,
    DaliLampSettings,
    LampMeterSettings,
    Sdm120Settings,
    Sdm630Settings,
    Sen0492Settings,
    UnitSettings,
    Urm13Settings,
)
from firmware_sim.world.feeder import Feeder
from firmware_sim.world.lamp import Lamp


def build_unit(settings: UnitSettings, ground: Ground) -> Unit:
    """What answers at the unit's address."""
    voice = ground.voice(settings)
    match settings:
        case LampMeterSettings():
            return Pzem004t(settings, load=_lamp(settings, ground).at, voice=voice)
        case Sdm630Settings():
            return build_sdm630(settings, _feeder(settings, ground, phases=3).at, voice)
        case Sdm120Settings():
            return build_sdm120(settings, _feeder(settings, ground, phases=1).at, voice)
        case DaliGatewaySettings():
            lamps = [_dali_lamp(lamp, ground) for lamp in settings.lamps]
            return IntesisGateway(settings, lamps, voice=voice)
        case Urm13Settings():
            return build_urm13(settings, build_bin(settings, ground).at, voice)
        case Sen0492Settings():
            return build_sen0492(settings, build_bin(settings, ground).at, voice)
        case _:
            raise AssertionError(f"no unit is built of {type(settings).__name__}")


def _lamp(settings: LampMeterSettings, ground: Ground) -> Lamp:
    return Lamp(
        rated_w=settings.rated_w,
        power_factor=settings.power_factor,
        is_dark=ground.feeds(settings.fed_by),
        start_s=ground.start_s,
        seed=ground.seed(settings.asset, "lamp"),
        faults=ground.faults[settings.asset],
        cycle_s=settings.cycle_s,
    )


def _feeder(settings: Sdm120Settings, ground: Ground, *, phases: int) -> Feeder:
    return Feeder(
        lamps=settings.lamps,
        lamps_out=settings.out,
        lamp_w=settings.rated_w,
        power_factor=settings.power_factor,
        phases=phases,
        is_dark=ground.feeds(settings.fed_by),
        start_s=ground.start_s,
        seed=ground.seed(settings.asset, "lamp"),
        faults=ground.faults[settings.asset],
        cycle_s=settings.cycle_s,
    )


def _dali_lamp(settings: DaliLampSettings, ground: Ground) -> DaliLamp:
    return DaliLamp(
        asset=settings.asset,
        channel=settings.channel,
        short_address=settings.short_address,
        level=settings.level,
        faults=ground.faults[settings.asset],
        is_dark=ground.feeds(settings.fed_by),
    )
